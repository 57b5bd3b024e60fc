// Queries of a panel. Reference letters are given by panels.libsonnet.
{
  local base = { datasource: { type: 'prometheus', uid: '${datasource}' } },

  // A line for each series; legend is Grafana's pattern, such as {{cluster}}.
  range(expr, legend):: base { expr: expr, legendFormat: legend, range: true, instant: false, format: 'time_series' },

  // The value of now.
  instant(expr, legend):: base { expr: expr, legendFormat: legend, range: false, instant: true, format: 'time_series' },

  // The values of now as the rows of a table.
  table(expr):: base { expr: expr, legendFormat: '', range: false, instant: true, format: 'table' },

  // The buckets of a histogram over time.
  heatmap(expr):: base { expr: expr, legendFormat: '{{le}}', range: true, instant: false, format: 'heatmap' },
}
