// What the page shows, to whom, and with which names.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, done, luminance, sideways } from "../lib/browser.mjs";
import { names, serveHostile } from "../lib/hostile.mjs";
import { Bench, clusters, counted, freePort, until } from "../lib/programs.mjs";
import { suite } from "../lib/suite.mjs";

const own = suite();
const hostileContext = "<b onclick=x>\"'&#60;/prod\u202e";
let url;

before(async () => {
  own.hostile = await serveHostile();
  const { url: good } = await own.bench.simulate({ nodes: 30, pods: 2890, "unscheduled-pods": 3 });
  ({ url } = await own.bench.exporter({
    good, [hostileContext]: own.hostile.url, unreachable: `http://127.0.0.1:${await freePort()}`,
    unusable: { server: "https://unusable.example", "certificate-authority": "/nonexistent/ca" },
  }, ["--collector.page-attempts=1", "--web.enable-pprof"]));
  await counted(url, "good", hostileContext);
  await until("the failure", async () => (await clusters(url)).unreachable.lastErrorReason);
});

after(() => own.hostile?.close());

const paths = { overview: "", well: "cluster?name=good", hostile: `cluster?name=${encodeURIComponent(hostileContext)}`, failing: "cluster?name=unreachable", missing: "cluster?name=gone" };

test("the overview says what is wrong, and which nodes are full", async () => {
  const page = await own.browser.open(url);
  assert.equal(await page.locator("h1").innerText(), "2 of 4 clusters need attention");
  assert.match(await page.title(), /^2 of 4 clusters need attention/);
  const ill = await page.locator("#unwell li").allInnerTexts();
  assert.match(ill.join("\n"), /cannot be used\s+unusable[^]*certificate-authority/);
  assert.match(ill.join("\n"), /failing\s+unreachable[^]*network since[^]*connection refused/);
  const well = await page.getByRole("row").filter({ hasText: "good" }).last().innerText();
  assert.match(well.replaceAll(/\s+/g, " "), /good fresh 30 2,890 \d+ % .* list, table none/);
  const fullest = await page.locator("#fullest tbody tr").count();
  assert.equal(fullest, 10);
  const headings = await page.locator("h1, h2, h3").evaluateAll((all) => all.map((one) => one.tagName));
  assert.deepEqual(headings, ["H1", "H2", "H3", "H3", "H2", "H2"]);
  await done(page);
});

test("a cluster's long name leaves those of the nodes whole", async () => {
  const name = "arn:aws:eks:eu-central-1:123456789012:cluster/production-of-the-shop-and-all-that-belongs-to-it";
  const bench = new Bench(); // the other exporter would read this one's kubeconfig
  after(() => bench.close());
  const { url: good } = await bench.simulate({ nodes: 30, pods: 2890 });
  const { url } = await bench.exporter({ [name]: good });
  await counted(url, name);
  const page = await own.browser.open(url);
  const lines = await page.locator("#fullest tbody .name bdi").evaluateAll((all) => all.map((one) => one.getClientRects().length));
  assert.deepEqual(lines, Array(10).fill(1));
  for (const width of [1280, 1101, 1100, 900, 600]) {
    await page.setViewportSize({ width, height: 900 });
    const own = await page.locator("#clusters tbody .name bdi").evaluate((one) => one.getClientRects().length);
    assert.ok(own <= 5, `the cluster's name takes ${own} lines in a window of ${width} pixels`);
    assert.ok(await sideways(page) <= 0, `wider than a window of ${width} pixels`);
  }
  await done(page);
});

test("every link of the page leads somewhere", async () => {
  const page = await own.browser.open(url);
  const links = await page.locator("a[href]").evaluateAll((all) => [...new Set(all.map((one) => one.href))]);
  for (const want of ["metrics", "api/v1/clusters", "sd", "-/healthy", "-/ready", "debug/pprof/heap", "cluster?name=good"]) {
    assert.ok(links.includes(url + want), `no link to ${want}`);
  }
  await page.goto(url + paths.well);
  links.push(...await page.locator("a[href]").evaluateAll((all) => all.map((one) => one.href)));
  for (const link of new Set(links)) {
    if (link.includes("pprof/profile")) continue; // takes a minute
    const answer = await fetch(link);
    await answer.arrayBuffer();
    assert.equal(answer.status, 200, link);
  }
  await done(page);
});

for (const theme of ["light", "dark"]) {
  for (const [name, path] of Object.entries(paths)) {
    test(`${name}, ${theme}: no violation, nothing sideways on a phone`, async () => {
      const page = await own.browser.open(url + path, { theme });
      const light = await luminance(page);
      assert.ok(theme === "dark" ? light < 0.15 : light > 0.85, `in the ${theme} theme the background's luminance is ${light}`);
      await accessible(page);
      await page.setViewportSize({ width: 360, height: 740 });
      assert.equal(await sideways(page), 0);
      if (["overview", "failing"].includes(name)) await accessible(page); // the tables have another layout
      if (name === "missing") page.problems = page.problems.filter((text) => !text.includes("status of 404"));
      await done(page);
    });
  }
}

test("the texts of a row stand on one line", async () => {
  const page = await own.browser.open(url);
  const lines = await page.locator("#clusters tbody tr").filter({ hasText: "good" }).evaluate((row) => {
    const found = {};
    for (const selector of [".name bdi", ".n", ".percent", ".mode", ".summary"]) {
      const probe = document.createElement("span"); // an empty box stands on the text's line
      probe.style.display = "inline-block";
      row.querySelector(selector).append(probe);
      found[selector] = probe.getBoundingClientRect().bottom;
      probe.remove();
    }
    return found;
  });
  for (const [selector, bottom] of Object.entries(lines)) {
    assert.ok(Math.abs(bottom - lines[".name bdi"]) < 0.5, `${selector} is off the line: ${JSON.stringify(lines)}`);
  }
  await done(page);
});

test("hostile names are text", async () => {
  const page = await own.browser.open(url + paths.hostile);
  const shown = await page.locator("#nodes .name").allInnerTexts();
  for (const name of names) {
    assert.ok(shown.includes(name), `${name} is not among ${shown}`);
  }
  assert.equal(await page.locator("h1").innerText(), hostileContext.replace("\u202e", "\\u202e"));
  assert.equal(await page.evaluate(() => window.broken), undefined);
  assert.equal(await page.locator("main img, main script").count(), 0);
  await page.goto(url);
  await page.locator("#clusters").getByRole("link").filter({ hasText: "onclick" }).click();
  await page.waitForURL(/cluster\?name=/);
  assert.equal(await page.locator("#nodes tbody tr").count(), names.length);
  // The script puts the same names in place of others.
  await page.locator("#filter").fill("<script>");
  await until("the filter", async () => await page.locator("#nodes tbody tr").count() === 1);
  assert.equal(await page.evaluate(() => window.broken), undefined);
  await done(page);
});

test("without scripts it says the same, and the filter works", async () => {
  const page = await own.browser.open(url, { scripts: false });
  assert.equal(await page.locator("h1").innerText(), "2 of 4 clusters need attention");
  assert.ok(!await page.locator("#live").isVisible());
  await page.getByRole("link", { name: "good" }).last().click();
  assert.equal(await page.locator("#nodes tbody tr").count(), 30);
  const name = await page.locator("#nodes .name").nth(7).innerText();
  await page.locator("#filter").fill(name);
  await page.keyboard.press("Enter");
  await page.waitForURL(/filter=/);
  assert.deepEqual(await page.locator("#nodes .name").allInnerTexts(), [name]);
  assert.match(page.url(), /name=good/);
  await done(page);
});

test("the keyboard reaches everything in the order of the page", async () => {
  const page = await own.browser.open(url + paths.well);
  const order = [];
  for (let i = 0; i < 16; i++) {
    await page.keyboard.press("Tab");
    order.push(await page.evaluate(() => (document.activeElement.innerText || document.activeElement.id).trim()));
  }
  assert.deepEqual(order.slice(0, 14), [
    "Skip to the content", "pod_count_exporter", "Metrics", "JSON", "Service discovery", "Healthy", "Ready", "Live updates",
    "All clusters", "Nodes as JSON", "Metrics of this cluster", "filter", "Filter", "Profiles",
  ]);
  await page.goto(url);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await done(page);
});

test("a page of another site cannot have the kubeconfigs read", async () => {
  const page = await own.browser.open(url);
  const status = await page.evaluate(() => fetch("-/reload", { method: "POST" }).then((answer) => answer.status));
  assert.equal(status, 200, "from the page itself");
  const other = await page.context().newPage();
  const site = own.hostile.url;
  await other.route(`${site}/page`, (route) => route.fulfill({ contentType: "text/html", body: `<form method="post" action="${url}-/reload"><button>Go</button></form>` }));
  await other.goto(`${site}/page`);
  const [answer] = await Promise.all([other.waitForResponse(/reload/), other.getByRole("button").click()]);
  assert.equal(answer.status(), 403, "from another port of this host");
  await done(page);
});
