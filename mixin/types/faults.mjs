// Faults of the kinds that the types must find: keys that do not exist, and
// values that are none of an enum's.

// places are the objects of a panel that have keys of their own, and texts in
// them that are of an enum.
const places = [
  { path: [], enums: ["type"] },
  { path: ["options"], enums: ["colorMode", "graphMode", "textMode", "justifyMode", "displayMode", "valueMode", "orientation", "cellHeight", "showValue"] },
  { path: ["options", "legend"], enums: ["displayMode", "placement"] },
  { path: ["options", "tooltip"], enums: ["mode", "sort"] },
  { path: ["options", "yAxis"], enums: ["axisPlacement"] },
  { path: ["options", "reduceOptions"], enums: [] },
  { path: ["fieldConfig", "defaults"], enums: [] },
  { path: ["fieldConfig", "defaults", "color"], enums: ["mode"] },
  { path: ["fieldConfig", "defaults", "thresholds"], enums: ["mode"] },
  { path: ["fieldConfig", "defaults", "custom"], enums: ["drawStyle", "lineInterpolation", "showPoints", "gradientMode", "axisPlacement"] },
  { path: ["fieldConfig", "defaults", "custom", "stacking"], enums: ["mode"] },
  { path: ["fieldConfig", "overrides", 0, "properties", 0], enums: ["id"] },
  { path: ["targets", 0], enums: ["format"] },
];

const at = (object, path) => path.reduce((inner, key) => inner?.[key], object);

// spoil copies a dashboard and changes an object in it.
function spoil(dashboard, path, change) {
  const copy = structuredClone(dashboard);
  change(at(copy, path));
  return copy;
}

// faults returns one dashboard for each fault, with what it is. Of each panel
// type, the first panel that has a place is spoiled there.
export function faults(dashboards) {
  const found = new Map();
  const add = (what, dashboard, path, change) => {
    if (!found.has(what)) found.set(what, { what, dashboard: spoil(dashboard, path, change) });
  };
  for (const dashboard of dashboards) {
    add("a key of the dashboard", dashboard, [], (object) => { object.bogus = 1; });
    add("the type of a variable", dashboard, ["templating", "list", 0], (object) => { object.type = "bogus"; });
    dashboard.panels.forEach((panel, i) => {
      for (const { path, enums } of places) {
        const whole = ["panels", i, ...path];
        const object = at(dashboard, whole);
        if (object === undefined) continue;
        const where = `${panel.type}: ${path.join(".")}`;
        add(`an unknown key in ${where}`, dashboard, whole, (inner) => { inner.bogus = 1; });
        for (const key of enums.filter((name) => name in object)) {
          add(`a wrong value of ${where} ${key}`, dashboard, whole, (inner) => { inner[key] = "bogus"; });
        }
      }
    });
  }
  return [...found.values()];
}
