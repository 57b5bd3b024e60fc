// Draws the dashboard of window.input, and says so in window.drawn.
import "@fontsource/inter/latin-400.css";
import "@fontsource/inter/latin-500.css";
import { applyFieldOverrides, createTheme, dateTime, ThemeContext, transformDataFrame } from "@grafana/data";
import { GlobalStyles, PanelChrome, PanelContextProvider } from "@grafana/ui";
import { useEffect } from "react";
import { createRoot } from "react-dom/client";
import { lastValueFrom } from "rxjs";
import { framesOf } from "./frames.js";
import { Heatmap } from "./heatmap.jsx";
import { Histogram } from "./histogram.jsx";
import { Bars, Graph, Numbers, Rows } from "./panels.jsx";
import { registerTransformations, settings } from "./registry.js";

const cell = { width: 64, height: 30, gap: 8 }; // as Grafana's grid has them at this width
const margin = 16;
const drawings = { timeseries: Graph, stat: Numbers, bargauge: Bars, table: Rows, histogram: Histogram, heatmap: Heatmap };

// place is where a panel is on the grid, in pixels.
function place({ x, y, w, h }) {
  return {
    left: x * (cell.width + 1) + margin, top: y * (cell.height + cell.gap),
    width: w * (cell.width + 1) - cell.gap, height: h * (cell.height + cell.gap) - cell.gap,
  };
}

async function prepare(panel, { answers, start, end }, theme) {
  const raw = framesOf(answers[panel.id], start, end);
  const transformed = panel.transformations ? await lastValueFrom(transformDataFrame(panel.transformations, raw)) : raw;
  const frames = applyFieldOverrides({
    data: transformed, fieldConfig: panel.fieldConfig, replaceVariables: (text) => text, theme, timeZone: "utc",
    fieldConfigRegistry: settings(panel),
  });
  return { panel, frames };
}

function Panel({ panel, frames, range, theme }) {
  const box = place(panel.gridPos);
  const style = { position: "absolute", ...box };
  if (panel.type === "row") {
    return <div style={{ ...style, color: theme.colors.text.primary, fontWeight: 500, fontSize: 16, lineHeight: `${box.height}px` }}>{`⌄ ${panel.title}`}</div>;
  }
  const Drawing = drawings[panel.type];
  if (!Drawing) throw new Error(`panel ${panel.title}: no drawing for type ${panel.type}`);
  return (
    <div style={style}>
      <PanelChrome title={panel.title} description={panel.description} width={box.width} height={box.height}>
        {(width, height) =>
          frames.length === 0 ? <div style={{ textAlign: "center", paddingTop: height / 2 - 10 }}>No data</div> : (
            <Drawing panel={panel} frames={frames} width={width} height={height} range={range} theme={theme} />
          )}
      </PanelChrome>
    </div>
  );
}

function Header({ dashboard, range, theme }) {
  const box = { background: theme.colors.background.secondary, border: `1px solid ${theme.colors.border.medium}`, borderRadius: 4, padding: "4px 10px" };
  const variables = dashboard.templating.list.map(({ name, label, type }) => [label ?? name, type === "datasource" ? "Prometheus" : "All"]);
  return (
    <div style={{ padding: `12px ${margin}px`, display: "flex", gap: 12, alignItems: "center", color: theme.colors.text.primary }}>
      <span style={{ fontSize: 20, fontWeight: 500, marginRight: 12 }}>{dashboard.title}</span>
      {variables.map(([label, value]) => (
        <span key={label} style={{ display: "flex", gap: 6, alignItems: "center" }}>
          {label} <span style={box}>{value}</span>
        </span>
      ))}
      <span style={{ ...box, marginLeft: "auto" }}>{`${range.from.utc().format("HH:mm")} to ${range.to.utc().format("HH:mm")} UTC`}</span>
    </div>
  );
}

function Page({ dashboard, prepared, range, theme }) {
  useEffect(() => {
    // Two frames later the canvases are painted.
    document.fonts.ready.then(() => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => { window.drawn = true; }, 500))));
  }, []);
  const bottom = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h));
  const context = { eventsScope: "page", eventBus: { getStream: () => ({ subscribe: () => ({ unsubscribe() {} }), pipe: () => ({ subscribe: () => ({ unsubscribe() {} }) }) }), publish() {} }, canAddAnnotations: () => false };
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles isExtensionSidebarOpen={false} />
      <PanelContextProvider value={context}>
        <div style={{ width: 24 * (cell.width + 1) - cell.gap + 2 * margin, background: theme.colors.background.canvas }}>
          <Header dashboard={dashboard} range={range} theme={theme} />
          <div style={{ position: "relative", height: bottom * (cell.height + cell.gap) + margin }}>
            {prepared.map((one) => <Panel key={one.panel.id} {...one} range={range} theme={theme} />)}
          </div>
        </div>
      </PanelContextProvider>
    </ThemeContext.Provider>
  );
}

async function draw({ dashboard, ...data }) {
  window.drawn = false;
  registerTransformations();
  const theme = createTheme({ colors: { mode: "dark" } });
  const from = dateTime(data.start * 1000), to = dateTime(data.end * 1000);
  const range = { from, to, raw: { from, to } };
  const prepared = [];
  for (const panel of dashboard.panels) {
    prepared.push(panel.type === "row" ? { panel, frames: [] } : await prepare(panel, data, theme));
  }
  createRoot(document.getElementById("root")).render(<Page dashboard={dashboard} prepared={prepared} range={range} theme={theme} />);
}

draw(window.input);
