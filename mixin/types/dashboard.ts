// What a dashboard's JSON may hold, from Grafana's own types. They are written
// for programs that build dashboards, so two things differ here: an enum is the
// text that stands in the JSON, and every key may be absent, since Grafana has a
// default for each.
import type * as bargauge from "@grafana/grafana-foundation-sdk/bargauge";
import type * as grafana from "@grafana/grafana-foundation-sdk/dashboard";
import type * as heatmap from "@grafana/grafana-foundation-sdk/heatmap";
import type * as histogram from "@grafana/grafana-foundation-sdk/histogram";
import type * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import type * as stat from "@grafana/grafana-foundation-sdk/stat";
import type * as table from "@grafana/grafana-foundation-sdk/table";
import type * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";

type IsAny<T> = 0 extends 1 & T ? true : false;

// Plain is the JSON of a T. The conditional types distribute over unions.
type Plain<T> = IsAny<T> extends true
  ? T
  : T extends string
    ? `${T}`
    : T extends (infer Item)[]
      ? Plain<Item>[]
      : T extends object
        ? { [Key in keyof T as Key extends "_implementsDataqueryVariant" ? never : Key]?: Plain<T[Key]> }
        : T;

// Property is one of an override's: any setting of a field, those that belong to
// the panel's type under "custom.".
type Property<Custom> =
  | { [Key in keyof grafana.FieldConfig]-?: { id: Key; value?: Plain<grafana.FieldConfig[Key]> } }[keyof grafana.FieldConfig]
  | { [Key in keyof Custom & string]-?: { id: `custom.${Key}`; value?: Plain<Custom[Key]> } }[keyof Custom & string];

interface Fields<Custom> {
  defaults: Plain<Omit<grafana.FieldConfig, "custom">> & { custom?: Plain<Custom> };
  overrides: { matcher: Plain<grafana.MatcherConfig>; properties: Property<Custom>[] }[];
}

type PanelOf<Type extends string, Options, Custom> = Plain<Omit<grafana.Panel, "type" | "targets" | "options" | "fieldConfig">> & {
  type: Type;
  targets: Plain<prometheus.Dataquery>[];
  options?: Plain<Options>;
  fieldConfig: Fields<Custom>;
};

// Panel is of one of the types that the dashboards use. Another one needs a line
// here.
type Panel =
  | PanelOf<"timeseries", timeseries.Options, timeseries.FieldConfig>
  | PanelOf<"table", table.Options, table.FieldConfig>
  | PanelOf<"stat", stat.Options, Record<never, never>>
  | PanelOf<"histogram", histogram.Options, histogram.FieldConfig>
  | PanelOf<"heatmap", heatmap.Options, heatmap.FieldConfig>
  | PanelOf<"bargauge", bargauge.Options, Record<never, never>>
  | (Plain<Omit<grafana.RowPanel, "type" | "panels">> & { type: "row"; panels: [] });

export type Dashboard = Plain<Omit<grafana.Dashboard, "panels">> & { panels: Panel[] };
