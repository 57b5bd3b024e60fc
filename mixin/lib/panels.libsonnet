// Panels by type. Each takes title, description and unit
// (https://grafana.com/docs/grafana/latest/panels-visualizations/) and its
// targets; the functions below change one thing of a panel each.
local letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

{
  local steps(colors) = { mode: 'absolute', steps: colors },
  local green = steps([{ color: 'green', value: null }]),

  local panel(type, title, description, unit, targets, decimals=null) = {
    type: type,
    title: title,
    description: description,
    datasource: { type: 'prometheus', uid: '${datasource}' },
    targets: std.mapWithIndex(function(i, target) target { refId: letters[i] }, targets),
    fieldConfig: {
      defaults: {
        unit: unit,
        [if decimals != null then 'decimals']: decimals,
        color: { mode: 'palette-classic' },
        thresholds: green,
        mappings: [],
      },
      overrides: [],
    },
    options: {},
  },

  // Lines over time, with a table of last and greatest values below.
  timeseries(title, description, unit, targets, decimals=null):: panel('timeseries', title, description, unit, targets, decimals) {
    fieldConfig+: { defaults+: { min: 0, custom: {
      drawStyle: 'line',
      lineInterpolation: 'linear',
      lineWidth: 1,
      fillOpacity: 0,
      gradientMode: 'none',
      showPoints: 'never',
      spanNulls: false,
      stacking: { mode: 'none', group: 'A' },
      axisPlacement: 'auto',
      axisLabel: '',
      scaleDistribution: { type: 'linear' },
      thresholdsStyle: { mode: 'off' },
    } } },
    options: {
      // Sorted, since what does not fit is cut off at the end.
      legend: { displayMode: 'table', placement: 'bottom', showLegend: true, calcs: ['lastNotNull', 'max'], sortBy: 'Max', sortDesc: true },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  },

  // The legend beside the lines, where it can be as long as the panel is high.
  legendRight:: { options+: { legend+: { placement: 'right' } } },

  // Series that are 0 throughout are neither drawn nor in the legend.
  withoutZeros:: { fieldConfig+: { overrides+: [{
    matcher: { id: 'byValue', options: { reducer: 'max', op: 'eq', value: 0 } },
    properties: [{ id: 'custom.hideFrom', value: { legend: true, tooltip: true, viz: true } }],
  }] } },

  // The axis shows where the values are, and lines where the limits are.
  atLimits(limits):: self.thresholds(limits) {
    fieldConfig+: { defaults+: { min:: null, custom+: { thresholdsStyle: { mode: 'dashed' } } } },
  },

  // One number.
  stat(title, description, unit, target, decimals=null):: panel('stat', title, description, unit, [target], decimals) {
    fieldConfig+: { defaults+: { color: { mode: 'thresholds' } } },
    options: {
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      orientation: 'auto',
      textMode: 'value',
      wideLayout: true,
      colorMode: 'value',
      graphMode: 'none',
      justifyMode: 'center',
      showPercentChange: false,
      percentChangeColorMode: 'standard',
    },
  },

  // One bar for each series.
  bars(title, description, unit, targets, decimals=null):: panel('bargauge', title, description, unit, targets, decimals) {
    fieldConfig+: { defaults+: { min: 0, color: { mode: 'thresholds' } } },
    options: {
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      orientation: 'horizontal',
      displayMode: 'gradient',
      valueMode: 'color',
      namePlacement: 'left',
      showUnfilled: true,
      sizing: 'auto',
      minVizWidth: 8,
      minVizHeight: 16,
      maxVizHeight: 300,
      // Names of clusters are longer than Grafana's own size leaves room for.
      text: { titleSize: 16, valueSize: 18 },
      legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
    },
  },

  // How often values occur.
  histogram(title, description, unit, targets, bucketSize):: panel('histogram', title, description, unit, targets) {
    fieldConfig+: { defaults+: { custom: {
      fillOpacity: 80,
      gradientMode: 'none',
      lineWidth: 1,
      stacking: { mode: 'none', group: 'A' },
    } } },
    options: {
      bucketSize: bucketSize,
      bucketOffset: 0,
      combine: true,
      legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
      tooltip: { mode: 'single', sort: 'none' },
    },
  },

  // Buckets of a histogram over time.
  heatmap(title, description, unit, target):: panel('heatmap', title, description, unit, [target]) {
    fieldConfig+: { defaults+: { custom: { scaleDistribution: { type: 'linear' }, hideFrom: { legend: false, tooltip: false, viz: false } } } },
    options: {
      calculate: false,
      cellGap: 1,
      color: { mode: 'scheme', scheme: 'Blues', steps: 64, exponent: 0.5, fill: 'dark-orange', reverse: false },
      exemplars: { color: 'rgba(255,0,255,0.7)' },
      filterValues: { le: 1e-9 },
      legend: { show: true },
      rowsFrame: { layout: 'auto' },
      showValue: 'never',
      tooltip: { mode: 'single', yHistogram: false, showColorScale: false },
      yAxis: { axisPlacement: 'left', unit: unit },
    },
  },

  // Rows of now, one for each set of labels; columns are described with column.
  table(title, description, targets, sortBy):: panel('table', title, description, 'locale', targets) {
    fieldConfig+: { defaults+: { custom: { align: 'auto', cellOptions: { type: 'auto' }, filterable: true, inspect: false } } },
    options: {
      showHeader: true,
      cellHeight: 'sm',
      sortBy: [{ displayName: sortBy, desc: true }],
    },
    transformations: [{ id: 'merge', options: {} }],
  },

  // Names and orders the columns of a table, and drops the rest.
  columns(names):: {
    local order = { [names[i][0]]: i for i in std.range(0, std.length(names) - 1) },
    transformations+: [
      { id: 'filterFieldsByName', options: { include: { names: [n[0] for n in names] } } },
      { id: 'organize', options: { indexByName: order, renameByName: { [n[0]]: n[1] for n in names }, excludeByName: {} } },
    ],
  },

  // Properties of one column, by its shown name.
  column(name, properties):: {
    fieldConfig+: { overrides+: [{
      matcher: { id: 'byName', options: name },
      properties: [{ id: id, value: properties[id] } for id in std.objectFields(properties)],
    }] },
  },

  // Links the column of nodes to another dashboard, if there is one.
  nodeLink(config, name):: if config.nodeDashboardUID == '' then {} else self.column(name, {
    links: [{
      title: 'Node',
      url: '/d/%s?var-cluster=${__data.fields.Cluster}&var-node=${__value.raw}&from=${__from}&to=${__to}' % config.nodeDashboardUID,
      targetBlank: false,
    }],
  }),

  // Colors from limits on: [['green', null], ['red', 1]].
  thresholds(limits):: { fieldConfig+: { defaults+: {
    thresholds: steps([{ color: l[0], value: l[1] } for l in limits]),
  } } },

  max(value):: { fieldConfig+: { defaults+: { max: value } } },

  stacked:: { fieldConfig+: { defaults+: { custom+: { stacking: { mode: 'normal', group: 'A' }, fillOpacity: 40 } } } },

  // Words in place of values: { '1': ['yes', 'green'] }.
  mapped(words):: { fieldConfig+: { defaults+: { mappings: [{
    type: 'value',
    options: { [value]: { text: words[value][0], color: words[value][1] } for value in std.objectFields(words) },
  }] } } },

  // The limits of a share of capacity, in Grafana's colors.
  local full(config) = [['green', null], ['orange', config.nearlyFullRatio], ['red', config.fullRatio]],
  fullness(config):: self.thresholds(full(config)),
  fullnessLines(config):: self.atLimits(full(config)),
  fullnessColumn(config, name):: self.column(name, {
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    'custom.cellOptions': { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' },
    thresholds: steps([{ color: l[0], value: l[1] } for l in full(config)]),
    color: { mode: 'thresholds' },
  }),
}
