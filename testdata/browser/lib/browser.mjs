// Chromium, and what every page of a test is held to.
import axe from "axe-core";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const args = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--hide-scrollbars",
];

// Browser is one Chromium; Playwright gives it a profile that is gone afterwards.
export class Browser {
  static async launch() {
    const browser = new Browser();
    browser.chromium = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
    return browser;
  }

  // open shows a page, in a context without what others have stored. Whatever it
  // complains of, or asks another host for, is kept in its problems.
  async open(url, { theme = "light", width = 1280, height = 900, scripts = true, scale = 1 } = {}) {
    const context = await this.chromium.newContext({
      colorScheme: theme, viewport: { width, height }, javaScriptEnabled: scripts, deviceScaleFactor: scale,
    });
    const page = await context.newPage();
    page.problems = [];
    page.on("pageerror", (error) => page.problems.push(String(error.stack ?? error)));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) page.problems.push(message.text());
    });
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin) page.problems.push(`request to ${request.url()}`);
    });
    await page.goto(url);
    return page;
  }

  close() { return this.chromium.close(); }
}

// done holds a page to what every page is held to, and closes it.
export async function done(page) {
  assert.deepEqual(page.problems, []);
  await page.context().close();
}

// accessible runs axe with all of its rules but the experimental.
export async function accessible(page) {
  await page.evaluate(axe.source);
  const { violations, incomplete, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations", "incomplete"] }));
  const told = violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.slice(0, 3).map((node) => node.html) }));
  assert.deepEqual(told, []);
  assert.ok(passes.length > 10, `axe has looked at ${passes.length} rules only`);
  return incomplete.map(({ id }) => id);
}

// luminance is that of the page's background as it is drawn: 0 is black, 1 is white.
export const luminance = (page) => page.evaluate(() => {
  const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
});

// sideways is by how many pixels the page is wider than the window.
export const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

// record keeps every text that the elements of a selector have had since, in the
// page itself, which misses none. recorded returns them.
export const record = (page, selector) => page.evaluate((wanted) => {
  const main = document.getElementById("main");
  window.seen = new Set();
  const look = () => main.querySelectorAll(wanted).forEach((one) => window.seen.add(one.value === undefined ? one.innerText : one.value / one.max));
  window.watcher?.disconnect();
  window.watcher = new MutationObserver(look);
  window.watcher.observe(main, { subtree: true, childList: true, attributes: true, characterData: true });
  look();
}, selector);
export const recorded = (page) => page.evaluate(() => [...window.seen]);
