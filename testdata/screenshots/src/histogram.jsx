// Grafana's packages have no histogram component: this one puts its data
// functions into its plot.
import { buildHistogram, formattedValueToString, histogramFieldsToFrame } from "@grafana/data";
import { UPlotChart, UPlotConfigBuilder } from "@grafana/ui";

export function Histogram({ panel, frames, width, height, range, theme }) {
  const { bucketSize, bucketOffset, combine } = panel.options;
  const { display, config } = frames[0].fields[1];
  const info = buildHistogram(frames, { bucketSize, bucketOffset, combine });
  const frame = histogramFieldsToFrame(info, theme);
  const [lower, upper, ...counts] = frame.fields.map((field) => field.values);
  const builder = new UPlotConfigBuilder("utc");
  builder.setPadding([null, 16, null, null]); // half of the last label
  builder.addScale({ scaleKey: "x", isTime: false, orientation: 0, direction: 1, range: () => [lower[0], upper[upper.length - 1]] });
  builder.addScale({ scaleKey: "y", isTime: false, orientation: 1, direction: 1, softMin: 0 });
  builder.addAxis({
    scaleKey: "x", isTime: false, placement: "bottom", theme, incrs: [bucketSize],
    formatValue: (value) => formattedValueToString(display(value)),
  });
  builder.addAxis({ scaleKey: "y", isTime: false, placement: "left", theme, label: "Nodes" });
  const color = theme.visualization.getColorByName("green");
  for (const _ of counts) {
    builder.addSeries({
      scaleKey: "y", theme, drawStyle: "bars", lineWidth: config.custom.lineWidth, lineColor: color, fillColor: color,
      fillOpacity: config.custom.fillOpacity, pathBuilder: bars(bucketSize), pxAlign: true, hardMin: 0, show: true, facets: undefined,
    });
  }
  const data = [lower, ...counts];
  builder.setPrepData(() => data);
  return <UPlotChart data={data} config={builder} width={width} height={height} timeRange={range} />;
}

// bars draws each from its bucket's lower bound to the upper one.
function bars(bucketSize) {
  return (u, seriesIdx, from, to) => {
    const stroke = new Path2D(), fill = new Path2D();
    for (let i = from; i <= to; i++) {
      const left = u.valToPos(u.data[0][i], "x", true), right = u.valToPos(u.data[0][i] + bucketSize, "x", true);
      const top = u.valToPos(u.data[seriesIdx][i], "y", true), bottom = u.valToPos(0, "y", true);
      fill.rect(left + 1, top, right - left - 2, bottom - top);
      stroke.rect(left + 1, top, right - left - 2, bottom - top);
    }
    return { stroke, fill, clip: null, band: null, gaps: null, flags: 1 };
  };
}
