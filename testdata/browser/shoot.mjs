// Takes pictures of the status page with clusters in every state. Usage:
//   BIN_DIR=bin node shoot.mjs OUT_DIR
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Browser } from "./lib/browser.mjs";
import { Bench, clusters, counted, freePort, scrape, until } from "./lib/programs.mjs";

const out = process.argv[2];
if (!out) throw new Error("usage: node shoot.mjs OUT_DIR");
mkdirSync(out, { recursive: true });

// Nodes take 110 pods, so these are from half full to beyond.
const sizes = {
  "eu-west-1/shop": { nodes: 104, pods: 9842, seed: 1 },
  "eu-west-1/search": { nodes: 48, pods: 3900, seed: 2 },
  "eu-west-1/edge": { nodes: 12, pods: 310, seed: 3 },
  "eu-central-1/shop": { nodes: 96, pods: 8840, seed: 4 },
  "us-east-1/shop": { nodes: 212, pods: 19410, seed: 6 },
  "us-east-1/batch": { nodes: 30, pods: 2510, seed: 7 },
  "ap-south-1/shop": { nodes: 64, pods: 5200, seed: 8 },
  "staging": { nodes: 9, pods: 402, seed: 9 },
};

const bench = new Bench();
const browser = await Browser.launch();
try {
  const all = { "legacy": { server: "https://legacy.example", "certificate-authority": "/etc/gone/ca.crt" } };
  for (const [name, size] of Object.entries(sizes)) {
    all[name] = (await bench.simulate({ ...size, "unscheduled-pods": size.seed })).url;
  }
  const dying = await bench.simulate({ nodes: 40, pods: 3312, seed: 5, "unscheduled-pods": 2 });
  const slow = await bench.simulate({ nodes: 150, pods: 14200, seed: 10, latency: "500ms" });
  Object.assign(all, {
    "eu-central-1/payments": dying.url, "us-west-2/analytics": slow.url,
    "ap-south-1/edge": `http://127.0.0.1:${await freePort()}`,
  });
  const { url } = await bench.exporter(all, ["--collector.cache-ttl=25s", "--collector.max-page-size=500", "--collector.page-attempts=2", "--collector.page-timeout=5s", "--web.enable-pprof"]);
  await counted(url, ...Object.keys(sizes), "eu-central-1/payments", "us-west-2/analytics");
  await bench.stop(dying.program);
  await until("a failure", async () => {
    await scrape(url, 1);
    return (await clusters(url))["eu-central-1/payments"].lastErrorReason;
  }, 60_000);
  await until("a count of many pages", async () => {
    await scrape(url, 1);
    return (await clusters(url))["us-west-2/analytics"].running?.countedPods > 5000;
  }, 90_000);
  // Both themes of a page show the same moment, while the slow count still runs.
  for (const [name, path, width, height, fullPage] of [
    ["overview", "", 1280, 900, true], ["cluster", "cluster?name=eu-west-1%2Fshop", 1280, 900, false],
    ["phone", "", 360, 1500, false], ["failing", "cluster?name=eu-central-1%2Fpayments", 1280, 900, false],
  ]) {
    for (const theme of ["light", "dark"]) {
      const page = await browser.open(url + path, { theme, width, height });
      await page.screenshot({ path: join(out, `status-${name}-${theme}.png`), fullPage });
      await page.context().close();
    }
  }
} finally {
  await browser.close();
  await bench.close();
}
