// An API server whose nodes have names that no real one would take, to see them on
// a page. kubesim serves what Kubernetes allows only.
import { createServer } from "node:http";
import { once } from "node:events";

export const names = [
  "<script>window.broken = true</script>", "\"><img src=x onerror=window.broken=true>", "javascript:window.broken=true",
  "</main></body><h1>Nothing is wrong</h1>", "${7*7}", "{{.}}", "a&b=c#d?e", "m".repeat(253), "日本語の名前",
];

const nodeList = {
  kind: "NodeList", apiVersion: "v1", metadata: { resourceVersion: "1" },
  items: names.map((name) => ({ metadata: { name }, status: { allocatable: { pods: "4" } } })),
};
const table = {
  kind: "Table", apiVersion: "meta.k8s.io/v1", metadata: { resourceVersion: "1" },
  columnDefinitions: [{ name: "Name", type: "string" }, { name: "Node", type: "string" }],
  rows: names.flatMap((name, i) => Array.from({ length: i % 5 }, (_, n) => ({ cells: [`pod-${i}-${n}`, name] }))),
};

export async function serveHostile() {
  const server = createServer((request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(request.url.includes("/nodes") ? nodeList : table));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
}
