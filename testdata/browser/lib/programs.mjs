// Starts the exporter, and simulated API servers for it to count.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";

const bin = process.env.BIN_DIR ?? join(import.meta.dirname, "../../../bin");
const patience = 60_000; // milliseconds; nothing takes near as long on a machine that is not busy

// until polls a condition and returns its first value that holds.
export async function until(what, holds, limit = patience) {
  const end = Date.now() + limit;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${limit / 1000} s`);
    await pause(50);
  }
}

// freePort is one that nobody listens on at the moment.
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// Bench is a folder and the programs that run in it, until close.
export class Bench {
  dir = mkdtempSync(join(tmpdir(), "pod-count-browser-"));
  programs = [];

  // run starts a program. What it says is kept for the case that it ends.
  run(name, args) {
    const child = spawn(join(bin, name), args, { cwd: this.dir, stdio: ["ignore", "pipe", "pipe"] });
    const program = { name, child, log: "", ended: false };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => { program.log = (program.log + text).slice(-20_000); });
    }
    child.on("exit", () => { program.ended = true; });
    child.on("error", (error) => { program.log += error; program.ended = true; });
    this.programs.push(program);
    return program;
  }

  async stop(program) {
    if (program.ended) return;
    const exit = once(program.child, "exit");
    program.child.kill("SIGTERM");
    await exit;
  }

  // simulate starts an API server, and returns its program and URL.
  async simulate(flags = {}) {
    const port = flags["listen-address"]?.split(":")[1] ?? await freePort();
    const address = `127.0.0.1:${port}`;
    const options = { nodes: 5, pods: 50, "finished-pods": 0, "images-per-node": 1, ...flags, "listen-address": address };
    const program = this.run("kubesim", Object.entries(options).map(([flag, value]) => `--${flag}=${value}`));
    await until("kubesim", () => {
      if (program.ended) throw new Error(`kubesim ended: ${program.log}`);
      return program.log.includes(address);
    });
    return { program, url: `http://${address}`, address };
  }

  // kubeconfig writes one with a context for each name, and returns its path in the
  // folder that programs run in: pages quote it, and pictures of them are kept. A
  // cluster is the URL of a server, or an object with more of its entry.
  kubeconfig(clusters) {
    const entries = Object.entries(clusters).map(([name, cluster]) => [name, typeof cluster === "string" ? { server: cluster } : cluster]);
    const path = "kubeconfig";
    writeFileSync(join(this.dir, path), JSON.stringify({
      apiVersion: "v1", kind: "Config", users: [{ name: "nobody", user: {} }],
      clusters: entries.map(([name, cluster]) => ({ name, cluster })),
      contexts: entries.map(([name]) => ({ name, context: { cluster: name, user: "nobody" } })),
    }), { mode: 0o600 });
    return path;
  }

  // exporter counts clusters, and returns its program and URL once it listens.
  async exporter(clusters, flags = []) {
    const program = this.run("pod_count_exporter", [
      "--web.listen-address=127.0.0.1:0", `--kubeconfig=${this.kubeconfig(clusters)}`, "--kubernetes.all-contexts", ...flags,
    ]);
    const url = await until("the exporter", () => {
      if (program.ended) throw new Error(`the exporter ended: ${program.log}`);
      const address = /msg="Listening on" address=(\S+)/.exec(program.log);
      return address && `http://${address[1]}/`;
    });
    return { program, url };
  }

  async close() {
    await Promise.all(this.programs.map((program) => this.stop(program)));
    if (existsSync(this.dir)) rmSync(this.dir, { recursive: true });
  }
}

// clusters are those that the exporter tells of, by name.
export async function clusters(url) {
  const answer = await fetch(new URL("api/v1/clusters", url));
  return Object.fromEntries((await answer.json()).clusters.map((cluster) => [cluster.cluster, cluster]));
}

// counted waits until every cluster, or those named, has a complete count.
export async function counted(url, ...names) {
  await until("the first counts", async () => {
    const all = await clusters(url);
    const wanted = names.length > 0 ? names : Object.keys(all);
    return wanted.every((name) => all[name]?.lastCountSucceeded);
  });
}

// scrape has the exporter count what is due, as Prometheus does.
export const scrape = (url, seconds = 10) =>
  fetch(new URL("metrics", url), { headers: { "X-Prometheus-Scrape-Timeout-Seconds": String(seconds) } }).then((answer) => answer.text());

// scraping scrapes every second, as Prometheus would, until what it returns is called.
export function scraping(url) {
  const timer = setInterval(() => scrape(url, 1).catch(() => {}), 1000);
  return () => clearInterval(timer);
}
