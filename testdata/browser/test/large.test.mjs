// Pages of 500 clusters and of 5,000 nodes, and what they cost the browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, done, sideways } from "../lib/browser.mjs";
import { counted, until } from "../lib/programs.mjs";
import { suite } from "../lib/suite.mjs";

const own = suite();

// cost is the processor time of the page's main thread, in milliseconds, for one
// update, and the number of elements. The time on the clock would be that of
// whatever else the machine does.
async function cost(page) {
  const updates = 4;
  const client = await page.context().newCDPSession(page);
  await client.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => (await client.send("Performance.getMetrics")).metrics.find((one) => one.name === "TaskDuration").value * 1000;
  await page.waitForResponse(() => true);
  const before = await busy();
  for (let i = 0; i < updates; i++) await page.waitForResponse(() => true);
  const elements = await page.evaluate(() => document.getElementsByTagName("*").length);
  return { each: (await busy() - before) / updates, elements };
}

// limit is from where on one would notice that a page hangs.
const limit = 200;

test("5,000 nodes", async (t) => {
  const { url: large } = await own.bench.simulate({ nodes: 5000, pods: 300_000 });
  const { url } = await own.bench.exporter({ large });
  await counted(url);
  const began = performance.now();
  const page = await own.browser.open(`${url}cluster?name=large`);
  const loaded = performance.now() - began;
  assert.equal(await page.locator("#nodes tbody tr").count(), 200);
  assert.match(await page.locator(".shown").innerText(), /^1 to 200 of 5,000 nodes$/);
  const counts = await page.locator(".histogram .count").allInnerTexts();
  assert.equal(counts.reduce((sum, text) => sum + Number(text.replace(",", "")), 0), 5000);
  const { each, elements } = await cost(page);
  t.diagnostic(`shown after ${loaded.toFixed(0)} ms, ${elements} elements, an update takes ${each.toFixed(0)} ms of processor time`);
  assert.ok(each > 0 && each < limit, `an update took ${each} ms`);
  const typing = performance.now();
  const last = await page.locator("#nodes .name").last().innerText();
  await page.locator("#filter").fill(last);
  await until("the filter", async () => await page.locator("#nodes tbody tr").count() === 1);
  t.diagnostic(`filtered after ${(performance.now() - typing).toFixed(0)} ms`);
  await page.goto(`${url}cluster?name=large`);
  await page.getByRole("link", { name: "Next" }).click();
  await page.waitForURL(/from=200/);
  assert.match(await page.locator(".shown").innerText(), /^201 to 400/);
  await accessible(page);
  await done(page);
});

test("500 clusters", async (t) => {
  const { url: sim } = await own.bench.simulate({ nodes: 10, pods: 800 });
  const all = {};
  for (let i = 0; i < 500; i++) all[`region-${i % 7}/cluster-${String(i).padStart(3, "0")}`] = sim;
  for (let i = 0; i < 40; i++) all[`region-${i % 7}/broken-${i}`] = { server: "https://broken.example", "certificate-authority": "/nonexistent/ca" };
  const { url } = await own.bench.exporter(all);
  await counted(url, ...Object.keys(all).filter((name) => !name.includes("broken")));
  const began = performance.now();
  const page = await own.browser.open(url);
  const loaded = performance.now() - began;
  assert.equal(await page.locator("h1").innerText(), "40 of 540 clusters need attention");
  assert.equal(await page.locator("#unwell li").count(), 40);
  assert.equal(await page.locator("#clusters tbody tr").count(), 60);
  const { each, elements } = await cost(page);
  t.diagnostic(`shown after ${loaded.toFixed(0)} ms, ${elements} elements, an update takes ${each.toFixed(0)} ms of processor time`);
  assert.ok(each > 0 && each < limit, `an update took ${each} ms`);
  await page.locator("#filter").fill("cluster-499");
  await until("the filter", async () => await page.locator("#clusters tbody tr").count() === 1 && await page.locator("#unwell").count() === 0);
  await page.locator("#filter").fill("");
  await until("all again", async () => await page.locator("#unwell li").count() === 40);
  await accessible(page);
  await page.setViewportSize({ width: 360, height: 740 });
  assert.equal(await sideways(page), 0);
  await done(page);
});
