// Holds dashboards against Grafana's types. Usage: node check.mjs DIR
// Each dashboard becomes a TypeScript file. So do copies with a fault each, which
// the compiler must refuse, or else the check is worth nothing.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { faults } from "./faults.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "build");

function write(name, dashboard) {
  const text = `import type { Dashboard } from "../dashboard.js";\nexport const dashboard: Dashboard = ${JSON.stringify(dashboard, null, 2)};\n`;
  writeFileSync(join(build, `${name}.ts`), text);
}

// compile returns the compiler's messages by file.
function compile() {
  let output = "";
  try {
    execFileSync(join(here, "node_modules", ".bin", "tsc"), ["--project", here, "--pretty", "false"], { encoding: "utf8" });
  } catch (failure) {
    if (failure.stdout === undefined) throw failure;
    output = failure.stdout;
  }
  const messages = new Map();
  for (const line of output.split("\n")) {
    const place = /^(.*?)\.ts\(/.exec(line);
    if (!place) continue;
    const file = basename(place[1]);
    messages.set(file, [...(messages.get(file) ?? []), line]);
  }
  return messages;
}

const [dir] = process.argv.slice(2);
if (!dir) throw new Error("usage: node check.mjs DIR");
const dashboards = new Map(
  readdirSync(dir)
    .filter((file) => file.endsWith(".json"))
    .map((file) => [basename(file, ".json"), JSON.parse(readFileSync(join(dir, file), "utf8"))]),
);
if (dashboards.size === 0) throw new Error(`no dashboards in ${dir}`);

rmSync(build, { recursive: true, force: true });
mkdirSync(build);
for (const [name, dashboard] of dashboards) write(name, dashboard);
const spoiled = faults([...dashboards.values()]);
spoiled.forEach(({ dashboard }, i) => write(`fault-${i}`, dashboard));

const messages = compile();
let failed = 0;
for (const name of messages.keys()) {
  if (/^fault-\d+$/.test(name)) continue;
  failed++;
  console.error(messages.get(name).join("\n"));
}
spoiled.forEach(({ what }, i) => {
  if (messages.has(`fault-${i}`)) return;
  failed++;
  console.error(`the compiler does not refuse ${what}`);
});
console.log(`${dashboards.size} dashboards, ${spoiled.length} faults: ${failed} findings`);
process.exit(failed === 0 ? 0 : 1);
