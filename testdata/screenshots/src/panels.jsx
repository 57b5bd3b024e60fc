// The panels that Grafana's packages have a component for.
import { FieldType, getDisplayValueAlignmentFactors, getFieldDisplayValues } from "@grafana/data";
import { BarGauge, BigValue, Table, TimeSeries, VizRepeater } from "@grafana/ui";

// Graph is a time series panel.
export function Graph({ panel, frames, width, height, range }) {
  return <TimeSeries frames={frames} width={width} height={height} timeRange={range} timeZone="utc" legend={panel.options.legend} options={panel.options} />;
}

// values reduces each series to what a stat or a bar shows of it.
function values(panel, frames, theme, sparkline) {
  return getFieldDisplayValues({
    fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables: (text) => text,
    theme, data: frames, sparkline, timeZone: "utc",
  });
}

// Numbers is a stat panel.
export function Numbers({ panel, frames, width, height, theme }) {
  const { graphMode, colorMode, justifyMode, textMode, orientation, text } = panel.options;
  return (
    <VizRepeater
      getValues={() => values(panel, frames, theme, graphMode !== "none")} source={frames} width={width} height={height}
      renderCounter={0} autoGrid orientation={orientation ?? "auto"} getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width: w, height: h, count, alignmentFactors }) => (
        <BigValue
          value={value.display} sparkline={value.sparkline} width={w} height={h} count={count} theme={theme} text={text}
          colorMode={colorMode} graphMode={graphMode} justifyMode={justifyMode} textMode={textMode} alignmentFactors={alignmentFactors}
        />
      )}
    />
  );
}

// Bars is a bar gauge panel.
export function Bars({ panel, frames, width, height, theme }) {
  const { displayMode, valueMode, namePlacement, showUnfilled, orientation, minVizWidth, minVizHeight, maxVizHeight, text } = panel.options;
  return (
    <VizRepeater
      getValues={() => values(panel, frames, theme, false)} source={frames} width={width} height={height} renderCounter={0}
      orientation={orientation} minVizWidth={minVizWidth} minVizHeight={minVizHeight} maxVizHeight={maxVizHeight} itemSpacing={10}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width: w, height: h, orientation: way, alignmentFactors }) => (
        <BarGauge
          value={value.display} field={value.field} display={value.view?.getFieldDisplayProcessor(value.colIndex)} width={w} height={h}
          orientation={way} theme={theme} text={text} displayMode={displayMode} valueDisplayMode={valueMode} namePlacement={namePlacement}
          showUnfilled={showUnfilled} alignmentFactors={alignmentFactors} itemSpacing={10} lcdCellWidth={12}
        />
      )}
    />
  );
}

// Rows is a table panel.
export function Rows({ panel, frames, width, height, range }) {
  const [frame] = frames;
  const visible = { ...frame, fields: frame.fields.filter(({ type }) => type !== FieldType.time) };
  return (
    <Table
      data={visible} width={width} height={height} cellHeight={panel.options.cellHeight} initialSortBy={panel.options.sortBy}
      fieldConfig={panel.fieldConfig} timeRange={range} showTypeIcons={false} resizable
    />
  );
}
