// Asks Prometheus what the panels of a dashboard ask for, the way Grafana does.

const panelWidth = 70; // pixels of a column, about

// seconds reads a duration like 10m.
export function seconds(text) {
  const match = /^(\d+)([smh])$/.exec(text);
  if (!match) throw new Error(`${text} is not a duration like 10m`);
  return Number(match[1]) * { s: 1, m: 60, h: 3600 }[match[2]];
}

async function get(prometheus, path, parameters) {
  const response = await fetch(`${prometheus}${path}?${new URLSearchParams(parameters)}`);
  const answer = await response.json();
  if (answer.status !== "success") throw new Error(`${path} ${JSON.stringify(parameters)}: ${answer.error}`);
  return answer.data;
}

// scrapeInterval is the one that Prometheus is configured with: steps are whole
// ones of it.
async function scrapeInterval(prometheus) {
  const { yaml } = await get(prometheus, "/api/v1/status/config", {});
  return seconds(/scrape_interval: (\w+)/.exec(yaml)[1]);
}

// ask runs the queries of a dashboard's panels and returns them with their
// answers, by the panels' ids. All variables are at All.
export async function ask(prometheus, dashboard, end, range) {
  const start = end - seconds(range);
  const interval = await scrapeInterval(prometheus);
  const answers = {};
  for (const panel of dashboard.panels) {
    const points = panel.gridPos.w * panelWidth;
    const step = Math.max(interval, Math.ceil((end - start) / points / interval) * interval);
    answers[panel.id] = [];
    for (const target of panel.targets ?? []) {
      const query = target.expr.replaceAll(/\$(cluster|node)\b/g, ".+");
      const data = target.instant
        ? await get(prometheus, "/api/v1/query", { query, time: end })
        : await get(prometheus, "/api/v1/query_range", { query, start, end, step });
      answers[panel.id].push({ target, result: data.result, step });
    }
  }
  return { answers, start, end };
}
