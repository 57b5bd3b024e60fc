// Draws dashboards in headless Chromium. Usage:
//   node shoot.mjs PROMETHEUS_URL END RANGE DASHBOARDS_DIR OUT_DIR
// END is a Unix time.
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { chromium } from "playwright-core";
import { ask } from "./queries.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const width = 1600;

// origin is a page that only the browser's own routing answers: without an
// origin there is no local storage, which Grafana's packages look into.
const origin = "http://dashboards.invalid/";
const html = "<!doctype html><html><body><div id='root'></div></body></html>";

async function bundle() {
  const result = await esbuild.build({
    entryPoints: [join(here, "src", "app.jsx")],
    bundle: true,
    write: false,
    outdir: join(here, "build"),
    format: "iife",
    jsx: "automatic",
    loader: { ".ttf": "dataurl", ".woff": "dataurl", ".woff2": "dataurl", ".svg": "dataurl", ".png": "dataurl" },
    define: { "process.env.NODE_ENV": '"production"', global: "window" },
    alias: { "react-custom-scrollbars-2": join(here, "src", "scrollbars.js") },
    logLevel: "error",
  });
  const text = (end) => result.outputFiles.find((file) => file.path.endsWith(end)).text;
  return { script: text(".js"), style: text(".css") };
}

async function shoot(page, { script, style }, dashboard, data, file) {
  await page.goto(origin);
  await page.addStyleTag({ content: style });
  await page.evaluate((input) => { window.input = input; }, { dashboard, ...data });
  await page.addScriptTag({ content: script });
  await page.waitForFunction(() => window.drawn === true);
  await page.locator("#root").screenshot({ path: file });
}

const [prometheus, end, range, dashboards, out] = process.argv.slice(2);
if (!out) throw new Error("usage: node shoot.mjs PROMETHEUS_URL END RANGE DASHBOARDS_DIR OUT_DIR");
mkdirSync(out, { recursive: true });
const app = await bundle();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
});
try {
  const page = await browser.newPage({ viewport: { width, height: 1000 } });
  await page.route(`${origin}**`, (route) => route.fulfill({ contentType: "text/html", body: html }));
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error.stack ?? error)));
  page.on("console", (message) => { if (message.type() === "error") problems.push(message.text()); });
  for (const name of readdirSync(dashboards).filter((file) => file.endsWith(".json"))) {
    const dashboard = JSON.parse(readFileSync(join(dashboards, name), "utf8"));
    const file = join(out, `${basename(name, ".json").replace("pod-count-", "dashboard-")}.png`);
    try {
      await shoot(page, app, dashboard, await ask(prometheus, dashboard, Number(end), range), file);
    } finally {
      if (problems.length > 0) console.error(`${name}:\n${problems.splice(0).slice(0, 5).join("\n")}`);
    }
    console.log(file);
  }
} finally {
  await browser.close();
}
