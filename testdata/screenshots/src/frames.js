// Turns Prometheus's answers into the data frames that Grafana's panels draw, as
// its Prometheus data source does.
import { createDataFrame, FieldType } from "@grafana/data";

const number = (text) => (text === "NaN" ? null : Number(text));

// legend fills the names of labels into a legend's format.
function legend(format, metric) {
  if (format) return format.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => metric[label] ?? "");
  const { __name__: name = "", ...labels } = metric;
  return `${name}{${Object.entries(labels).map(([key, value]) => `${key}="${value}"`).join(", ")}}`;
}

function seriesFrame({ target, step }, { metric, values, value }, start, end) {
  const points = new Map((values ?? [value]).map(([time, text]) => [Math.round(time), number(text)]));
  // A range has a point at every step, so that gaps show as gaps.
  const times = [];
  if (values) for (let time = start; time <= end; time += step) times.push(time);
  else times.push(...points.keys());
  const name = legend(target.legendFormat, metric);
  return createDataFrame({
    refId: target.refId,
    name,
    fields: [
      { name: "Time", type: FieldType.time, values: times.map((time) => time * 1000), config: {} },
      {
        name: "Value", type: FieldType.number, labels: metric, config: { displayNameFromDS: name },
        values: times.map((time) => points.get(time) ?? null),
      },
    ],
  });
}

function tableFrame({ target, result }) {
  const labels = [...new Set(result.flatMap(({ metric }) => Object.keys(metric)))].filter((name) => name !== "__name__").sort();
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: "Time", type: FieldType.time, values: result.map(({ value }) => value[0] * 1000), config: {} },
      ...labels.map((name) => ({ name, type: FieldType.string, values: result.map(({ metric }) => metric[name] ?? ""), config: { filterable: true } })),
      { name: `Value #${target.refId}`, type: FieldType.number, values: result.map(({ value }) => number(value[1])), config: {} },
    ],
  });
}

// framesOf gives the frames of a panel's answers. Those of heatmaps are sorted by
// their buckets.
export function framesOf(answers, start, end) {
  return answers.flatMap((answer) => {
    switch (answer.target.format) {
      case "table":
        return answer.result.length > 0 ? [tableFrame(answer)] : [];
      case "heatmap":
        return answer.result
          .toSorted((a, b) => Number(a.metric.le.replace("+Inf", "Infinity")) - Number(b.metric.le.replace("+Inf", "Infinity")))
          .map((one) => seriesFrame(answer, one, start, end));
      default:
        return answer.result.map((one) => seriesFrame(answer, one, start, end));
    }
  });
}
