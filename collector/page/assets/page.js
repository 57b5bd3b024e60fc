// Keeps the page up to date: asks for it again every few seconds and changes what
// differs, so that focus, scrolling and what is selected or typed stay. Without this
// script the page says the same when it is loaded.
(() => {
  "use strict";
  const main = document.getElementById("main");
  const live = document.getElementById("live");
  const lost = document.getElementById("lost");
  const typingPause = 200; // milliseconds
  const patience = 10_000;
  let timer = 0;
  let request = null;

  // Elements are told apart by their key or id, others by their place.
  function keyOf(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    if (node.hasAttribute("data-key")) return `key ${node.getAttribute("data-key")}`;
    return node.id ? `id ${node.id}` : "";
  }

  function takeAttributes(have, want) {
    const own = (name) => name === "value" && have.nodeName === "INPUT"; // what was typed
    for (const { name, value } of want.attributes) {
      if (!own(name) && have.getAttribute(name) !== value) have.setAttribute(name, value);
    }
    for (const { name } of [...have.attributes]) {
      if (!own(name) && !want.hasAttribute(name)) have.removeAttribute(name);
    }
  }

  // moveBefore keeps the focus within what moves, where the browser has it.
  function move(parent, node, before) {
    if (parent.moveBefore) parent.moveBefore(node, before);
    else parent.insertBefore(node, before);
  }

  function drop(node) {
    const next = node.nextSibling;
    node.remove();
    return next;
  }

  function takeChildren(have, want) {
    const keyed = new Map();
    for (const child of have.children) {
      if (keyOf(child)) keyed.set(keyOf(child), child);
    }
    const wanted = new Set([...want.children].map(keyOf).filter(Boolean));
    let at = have.firstChild;
    for (const next of [...want.childNodes]) {
      const key = keyOf(next);
      const same = key ? keyed.get(key) : at;
      if (!same || same.nodeName !== next.nodeName || keyOf(same) !== key) {
        have.insertBefore(next, at);
        continue;
      }
      keyed.delete(key);
      // What is no longer wanted makes room, so that what stays need not move: the browser
      // scrolls to a field that has the focus and moves.
      while (at !== same && at && !wanted.has(keyOf(at))) at = drop(at);
      if (same === at) at = at.nextSibling;
      else move(have, same, at);
      take(same, next);
    }
    while (at) at = drop(at);
  }

  // take makes have, which stays, what want is.
  function take(have, want) {
    if (have.nodeType !== Node.ELEMENT_NODE) {
      if (have.data !== want.data) have.data = want.data;
      return;
    }
    takeAttributes(have, want);
    takeChildren(have, want);
  }

  function source(page) {
    return page.querySelector("script[src]")?.getAttribute("src");
  }

  function show(page) {
    if (source(page) !== source(document)) {
      location.reload(); // another version of the program
      return;
    }
    const focused = document.activeElement;
    const target = focused?.getAttribute("href");
    if (document.title !== page.title) document.title = page.title;
    take(main, page.getElementById("main"));
    if (focused === document.activeElement || focused === document.body) return;
    // The browser had it lose the focus, or it stands elsewhere now.
    const again = focused.isConnected ? focused
      : [...main.querySelectorAll("a[href]")].find((link) => link.getAttribute("href") === target);
    again?.focus({ preventScroll: true });
  }

  function say(text) {
    if (lost.textContent !== text) lost.textContent = text;
  }

  async function update() {
    clearTimeout(timer);
    request?.abort();
    const own = new AbortController();
    request = own;
    const late = setTimeout(() => own.abort(new Error("late")), patience);
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: own.signal });
      const type = answer.headers.get("Content-Type") ?? "";
      if (!type.startsWith("text/html")) throw new Error(`status ${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (request !== own) return;
      if (!page.getElementById("main")) throw new Error("another page");
      show(page);
      say("");
    } catch {
      if (request !== own) return; // a later one has begun
      if (!lost.textContent) say(`No answer since ${new Date().toLocaleTimeString()}. The page shows what was true then.`);
    } finally {
      clearTimeout(late);
    }
    schedule();
  }

  function schedule() {
    clearTimeout(timer);
    if (live.getAttribute("aria-pressed") !== "true" || document.hidden) return;
    timer = setTimeout(update, Number(main.dataset.every) * 1000);
  }

  function filter(form) {
    const query = new URLSearchParams(new FormData(form));
    history.replaceState(null, "", `?${query}`);
    update();
  }

  let typing = 0;
  main.addEventListener("input", (event) => {
    if (event.target.id !== "filter") return;
    clearTimeout(typing);
    typing = setTimeout(filter, typingPause, event.target.form);
  });
  main.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    filter(event.target);
  });
  live.addEventListener("click", () => {
    const on = live.getAttribute("aria-pressed") !== "true";
    live.setAttribute("aria-pressed", String(on));
    if (on) update();
    else clearTimeout(timer);
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && live.getAttribute("aria-pressed") === "true") update();
  });
  live.hidden = false;
  schedule();
})();
