// Grafana's packages have no heatmap component: this one draws the cells of the
// buckets into its plot.
import { formattedValueToString, getValueFormat } from "@grafana/data";
import { UPlotChart, UPlotConfigBuilder } from "@grafana/ui";

// blues are the steps of the color scheme "Blues" on a dark ground.
const blues = ["#0b2a4a", "#08519c", "#2171b5", "#4292c6", "#6baed6", "#9ecae1", "#c6dbef", "#deebf7"];

export function Heatmap({ panel, frames, width, height, range, theme }) {
  const times = frames[0].fields[0].values;
  const bounds = frames.map((frame) => frame.name);
  // The buckets of Prometheus are cumulative.
  const counts = frames.map((frame, i) =>
    frame.fields[1].values.map((value, t) => Math.max(0, (value ?? 0) - (i > 0 ? frames[i - 1].fields[1].values[t] ?? 0 : 0))),
  );
  const most = Math.max(...counts.flat());
  const format = getValueFormat(panel.options.yAxis.unit);
  const builder = new UPlotConfigBuilder("utc");
  builder.addScale({ scaleKey: "x", isTime: true, orientation: 0, direction: 1, range: () => [range.from.valueOf(), range.to.valueOf()] });
  builder.addScale({ scaleKey: "y", isTime: false, orientation: 1, direction: 1, range: () => [0, bounds.length] });
  builder.addAxis({ scaleKey: "x", isTime: true, placement: "bottom", theme, timeZone: "utc" });
  builder.addAxis({
    scaleKey: "y", isTime: false, placement: "left", theme, size: 64, splits: () => bounds.map((_, i) => i + 1),
    formatValue: (value) => (bounds[value - 1] === "+Inf" ? "+Inf" : formattedValueToString(format(Number(bounds[value - 1])))),
  });
  builder.addSeries({ scaleKey: "y", theme, drawStyle: "points", showPoints: "never", pathBuilder: () => null, lineColor: "transparent", show: true });
  builder.addHook("draw", (u) => {
    const step = times[1] - times[0];
    counts.forEach((row, i) => {
      row.forEach((count, t) => {
        if (count <= panel.options.filterValues.le) return;
        const left = u.valToPos(times[t] - step, "x", true), right = u.valToPos(times[t], "x", true);
        const top = u.valToPos(i + 1, "y", true), bottom = u.valToPos(i, "y", true);
        u.ctx.fillStyle = blues[Math.min(blues.length - 1, Math.floor((count / most) ** panel.options.color.exponent * blues.length))];
        u.ctx.fillRect(Math.max(left, u.bbox.left), top + 1, Math.max(1, right - Math.max(left, u.bbox.left) - 1), bottom - top - 1);
      });
    });
  });
  const data = [times, times.map(() => null)];
  builder.setPrepData(() => data);
  return <UPlotChart data={data} config={builder} width={width} height={height} timeRange={range} />;
}
