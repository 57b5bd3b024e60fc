// How the page keeps up with what happens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, done, record, recorded } from "../lib/browser.mjs";
import { Bench, clusters, counted, scrape, scraping, until } from "../lib/programs.mjs";
import { suite } from "../lib/suite.mjs";

const own = suite();

test("a slow count shows its progress, on a page that is left alone", async () => {
  const { url: slow } = await own.bench.simulate({ nodes: 20, pods: 2000, latency: "600ms" });
  const { url } = await own.bench.exporter({ slow }, ["--collector.page-size=100", "--collector.max-page-size=100", "--collector.cache-ttl=8s"]);
  const page = await own.browser.open(url);
  await record(page, ".chip, .rows");
  await until("the first count", async () => await page.locator(".chip").innerText() !== "pending", 120_000);
  const seen = await recorded(page);
  assert.ok(seen.includes("pending"), seen.join("; "));
  assert.ok(seen.filter((text) => /^pods, page \d+: [\d,]+ rows$/.test(text)).length >= 3, seen.join("; "));
  await until("the count is old", async () => (await clusters(url)).slow.state === "stale");
  await record(page, "progress[max]");
  await scrape(url, 1);
  await until("the second count is seen", async () => (await recorded(page)).length >= 3, 120_000);
  await until("it is over", async () => await page.locator(".progress").count() === 0, 120_000);
  const shares = await recorded(page);
  assert.deepEqual(shares, shares.toSorted((a, b) => a - b));
  assert.ok(shares.at(-1) > 0.5 && shares.at(-1) <= 1, shares.join(" "));
  await done(page);
});

test("no violation while a cluster is pending, refreshing, stale or withdrawn", async (t) => {
  const simulate = async (flags) => (await own.bench.simulate({ nodes: 20, pods: 900, ...flags })).url;
  const { url } = await own.bench.exporter({
    pending: await simulate({ latency: "1h" }), stale: await simulate(), refreshing: await simulate({ "slow-latency": "1h", "slow-after": "8s" }),
  }, ["--collector.page-timeout=1h", "--collector.cache-ttl=1s", "--collector.max-staleness=1h"]);
  await counted(url, "stale", "refreshing");
  const bench = new Bench(); // the other exporter would read this one's kubeconfig
  t.after(() => bench.close());
  const withdrawn = await bench.exporter({ withdrawn: await simulate() }, ["--collector.cache-ttl=1s", "--collector.max-staleness=2s"]);
  await counted(withdrawn.url);
  await until("a count that does not end", async () => {
    await fetch(`${url}metrics?cluster=refreshing`, { headers: { "X-Prometheus-Scrape-Timeout-Seconds": "1" } });
    return (await clusters(url)).refreshing.running;
  });
  await until("no numbers", async () => (await clusters(withdrawn.url)).withdrawn.state === "withdrawn");
  for (const theme of ["light", "dark"]) {
    for (const [address, ...states] of [
      [url, "pending", "stale", "refreshing"], [withdrawn.url, "withdrawn"], [`${url}cluster?name=pending`, "pending"], [`${url}cluster?name=refreshing`, "refreshing"],
    ]) {
      const page = await own.browser.open(address, { theme });
      const shown = await page.locator(".chip").allInnerTexts();
      for (const state of states) assert.ok(shown.includes(state), `${address} shows ${shown}, want ${state}`);
      await accessible(page);
      await done(page);
    }
  }
});

test("a cluster that dies and comes back", async (t) => {
  let sim = await own.bench.simulate({ nodes: 12, pods: 700 });
  const { url } = await own.bench.exporter({ mortal: sim.url }, ["--collector.cache-ttl=1s", "--collector.max-staleness=20s", "--collector.page-attempts=1"]);
  await counted(url);
  const stop = scraping(url);
  t.after(stop);
  const page = await own.browser.open(url);
  const cluster = await own.browser.open(`${url}cluster?name=mortal`);
  assert.equal(await page.locator("h1").innerText(), "The cluster is well");
  await own.bench.stop(sim.program);
  await until("the failure is told", async () => await page.locator("h1").innerText() === "1 of 1 cluster needs attention");
  // An answer that the simulation's end cut short may be what fails first.
  await until("its reason is told", async () => (await page.locator("#unwell li").innerText()).includes("connection refused"));
  const ill = (await page.locator("#unwell li").innerText()).replaceAll(/\s+/g, " ");
  assert.match(ill, /failing mortal .*network since \d\d:\d\d:\d\d UTC, \d+ s ago\. The numbers are those of .*connection refused.*Nodes 12 Active pods 700/);
  await until("the numbers are withdrawn", async () => (await page.locator("#unwell li").innerText()).includes("Nothing is shown"));
  await until("so are they on the cluster's page", async () => await cluster.locator("#nodes").count() === 0);
  assert.match(await cluster.locator("#failure").innerText(), /network at [^]*connection refused/);
  sim = await own.bench.simulate({ nodes: 12, pods: 701, "listen-address": sim.address });
  await until("it is well again", async () => await page.locator("h1").innerText() === "The cluster is well", 120_000);
  assert.match(await page.locator("#clusters tbody").innerText(), /\d+ counts?, \d+ pages?/);
  await until("its page too", async () => await cluster.locator("#nodes tbody tr").count() === 12);
  assert.match(await cluster.locator("#failure").innerText(), /connection refused/);
  await done(page);
  await done(cluster);
});

test("a cluster that is followed dies and comes back", async () => {
  let sim = await own.bench.simulate({ nodes: 12, pods: 700 });
  const { url } = await own.bench.exporter({ mortal: sim.url }, ["--collector.mode=watch"]);
  await scrape(url);
  await counted(url);
  const page = await own.browser.open(url);
  assert.match((await page.locator("#clusters tbody").innerText()).replaceAll(/\s+/g, " "), /watch, table none/);
  await own.bench.stop(sim.program);
  await until("the failure is told", async () => await page.locator("h1").innerText() === "1 of 1 cluster needs attention");
  const ill = (await page.locator("#unwell li").innerText()).replaceAll(/\s+/g, " ");
  assert.match(ill, /failing mortal .*\d streams.*network since \d\d:\d\d:\d\d UTC, \d+ s ago\. The numbers are those of .*watch of .*Nodes 12 Active pods 700/);
  const cluster = await own.browser.open(`${url}cluster?name=mortal`);
  assert.match(await cluster.locator("#failure").innerText(), /network at [^]*watch of /);
  sim = await own.bench.simulate({ nodes: 12, pods: 700, "listen-address": sim.address });
  await until("it is well again", async () => await page.locator("h1").innerText() === "The cluster is well", 120_000);
  assert.match(await page.locator("#clusters tbody").innerText(), /\d+ streams/);
  await until("its page too", async () => await cluster.locator("#why").count() === 0);
  assert.match(await cluster.locator("#failure").innerText(), /network at /);
  await done(page);
  await done(cluster);
});

test("focus, scrolling and what is typed stay", async () => {
  const { url: sim } = await own.bench.simulate({ nodes: 90, pods: 6000, churn: "20ms" });
  const { url } = await own.bench.exporter({ busy: sim }, ["--collector.cache-ttl=1s"]);
  await counted(url);
  const page = await own.browser.open(`${url}cluster?name=busy`, { height: 500 });
  await page.locator("#filter").pressSequentially("e");
  await until("the filter", () => page.url().includes("filter=e"));
  await page.locator("#filter").pressSequentially("-");
  await until("the filter again", () => page.url().includes("filter=e-"));
  // The rows come after the address, and fewer rows are a shorter page, which scrolls.
  await until("its rows", () => page.evaluate(() => [...document.querySelectorAll("#nodes tbody tr")].every((row) => row.innerText.includes("e-"))));
  await page.evaluate(() => {
    scrollTo(0, scrollY + document.querySelector("table.nodes").getBoundingClientRect().top + 60);
    document.querySelector("#filter").setAttribute("data-mark", "kept");
    document.querySelector("#filter").focus({ preventScroll: true });
    document.querySelector("table.nodes").mark = "kept";
  });
  // Above the table a line may come or go. The browser scrolls then, so that what one reads
  // stays where it is.
  const before = await page.evaluate(() => ({
    top: Math.round(document.querySelector("table.nodes").getBoundingClientRect().top), nodes: document.querySelector("#nodes tbody").innerText,
  }));
  assert.ok(before.top < 0, `the table begins at ${before.top}`);
  await until("another count is shown", async () => {
    await scrape(url, 5);
    return await page.evaluate(() => document.querySelector("#nodes tbody").innerText) !== before.nodes;
  });
  const after = await page.evaluate(() => ({
    top: Math.round(document.querySelector("table.nodes").getBoundingClientRect().top), focus: document.activeElement.id, typed: document.querySelector("#filter").value,
    mark: document.querySelector("table.nodes").mark,
  }));
  assert.deepEqual(after, { top: before.top, focus: "filter", typed: "e-", mark: "kept" });
  // A line that goes moves nothing that stays: the browser scrolls to a field that has the
  // focus and moves.
  await page.evaluate(() => {
    const main = document.querySelector("main"), line = document.createElement("p");
    line.textContent = "a line that goes";
    main.insertBefore(line, main.querySelector("dl"));
    main.moved = [];
    new MutationObserver((changes) => main.moved.push(...changes.flatMap((c) => [...c.addedNodes]).map((n) => n.id).filter(Boolean))).observe(main, { childList: true });
  });
  await until("the line goes", async () => !(await page.locator("main").innerText()).includes("a line that goes"));
  assert.deepEqual(await page.evaluate(() => document.querySelector("main").moved), []);
  // A paused page stands still.
  await page.locator("#live").click();
  const still = await page.locator("main").innerText();
  for (let i = 0; i < 3; i++) await scrape(url, 5);
  await page.waitForTimeout(1500);
  assert.equal(await page.locator("main").innerText(), still);
  assert.equal(await page.locator("#live").getAttribute("aria-pressed"), "false");
  await page.locator("#live").click();
  await until("it goes on", async () => await page.locator("main").innerText() !== still);
  await done(page);
});

test("selected text and the keyboard's focus stay in rows that change", async () => {
  const { url: sim } = await own.bench.simulate({ nodes: 90, pods: 6000, churn: "20ms" });
  const { url } = await own.bench.exporter({ busy: sim }, ["--collector.cache-ttl=1s"]);
  await counted(url);
  const page = await own.browser.open(url);
  const row = page.locator("#clusters tbody tr");
  for (let i = 0; i < 60 && !await row.evaluate((one) => one.contains(document.activeElement)); i++) await page.keyboard.press("Tab");
  await page.evaluate(() => {
    document.activeElement.mark = "kept";
    getSelection().selectAllChildren(document.querySelector("#clusters tbody .name bdi"));
  });
  const kept = () => page.evaluate(() => ({
    selected: getSelection().toString(), focus: document.activeElement.innerText, mark: document.activeElement.mark, outline: document.activeElement.matches(":focus-visible"),
  }));
  const want = { selected: "busy", focus: "busy", mark: "kept", outline: true };
  assert.deepEqual(await kept(), want);
  for (let i = 0; i < 2; i++) {
    const before = await row.innerText();
    await until("another count is shown", async () => {
      await scrape(url, 5);
      return await row.innerText() !== before;
    });
    assert.deepEqual(await kept(), want);
  }
  await done(page);
});

test("an exporter that is gone is told, and found again", async () => {
  const { url: sim } = await own.bench.simulate();
  const { url } = await own.bench.exporter({ sim });
  await counted(url);
  const page = await own.browser.open(url);
  const told = page.locator("#lost");
  await page.route("**/*", (route) => route.abort());
  await until("it is told", async () => /^No answer since/.test(await told.innerText()), 20_000);
  assert.equal(await page.locator("h1").innerText(), "The cluster is well");
  await page.unroute("**/*");
  await until("it is back", async () => await told.innerText() === "");
  page.problems = page.problems.filter((text) => !text.includes("ERR_FAILED"));
  await done(page);
});
