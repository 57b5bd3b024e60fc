// The clusters side by side.
local annotations = import '../lib/annotations.libsonnet';
local dashboard = import '../lib/dashboard.libsonnet';
local panels = import '../lib/panels.libsonnet';
local targets = import '../lib/targets.libsonnet';
local variables = import '../lib/variables.libsonnet';

{
  local config = $._config,
  local alerts = [rule.alert for group in $.prometheusAlerts.groups for rule in group.rules],
  local c = config.clusterLabel,
  local file = 'pod-count-comparison.json',
  local clusters = '%s=~"$cluster"' % c,
  local legend = '{{%s}}' % c,
  local rule(name, more='') = '%s{%s%s}' % [name, clusters, more],
  local bars(title, description, unit, name, decimals) = panels.bars(title, description, unit, [targets.instant('sort_desc(%s)' % rule(name), legend)], decimals),
  local lines(title, description, unit, expr, decimals=null) = panels.timeseries(title, description, unit, [targets.range(expr, legend)], decimals),

  grafanaDashboards+:: {
    [file]: dashboard.new(
      config,
      file,
      'Cluster comparison',
      'Size, fullness and counting of the clusters side by side.',
      [variables.datasource, variables.label('cluster', c, 'pod_count_success{%s}' % config.podCountSelector)],
      [
        dashboard.row('Clusters', 6, [
          [24, panels.table('Clusters', 'Each cluster with its pods, its fullness, and how it is counted.', [
                 targets.table(rule('cluster:node_active_pods:count')),
                 targets.table(rule('cluster:node_active_pods:sum')),
                 targets.table(rule('cluster:node_allocatable_pods:sum')),
                 targets.table(rule('cluster:node_active_pods:ratio')),
                 targets.table(rule('cluster:node_active_pods:avg')),
                 targets.table(rule('cluster:node_active_pods:max')),
                 targets.table(rule('cluster:pod_count_unscheduled_pods:max')),
                 targets.table(rule('cluster:pod_count_last_pages:max')),
                 targets.table('max by (%s) (%s)' % [c, rule('cluster_quantile:pod_count_duration_seconds:histogram_quantile', ',quantile="0.95"')]),
               ], 'Share') + panels.columns([
                 [c, 'Cluster'],
                 ['Value #A', 'Nodes'],
                 ['Value #B', 'Active pods'],
                 ['Value #C', 'Allocatable pods'],
                 ['Value #D', 'Share'],
                 ['Value #E', 'Mean per node'],
                 ['Value #F', 'Most on a node'],
                 ['Value #G', 'Unscheduled'],
                 ['Value #H', 'Pages'],
                 ['Value #I', 'Count p95'],
               ])
               + panels.fullnessColumn(config, 'Share')
               + panels.column('Mean per node', { decimals: 1 })
               + panels.column('Count p95', { unit: 's' })],
        ]),
        dashboard.row('Now', 7, [
          [12, bars('Active pods', 'Active pods of each cluster.', 'locale', 'cluster:node_active_pods:sum', 0)],
          [12, bars('Share of capacity', 'Share of the allocatable pods that is taken.', 'percentunit', 'cluster:node_active_pods:ratio', 0)
               + panels.fullness(config) + panels.max(1)],
        ]),
        dashboard.row('Over time', 10, [
          [8, lines('Share of capacity', 'Share of the allocatable pods that is taken.', 'percentunit', rule('cluster:node_active_pods:ratio'))],
          [8, lines('Nodes', 'Nodes of each cluster.', 'locale', rule('cluster:node_active_pods:count'), 0)],
          [8, lines('Share of failed pages', 'Share of the requests for a page that failed.', 'percentunit', rule('cluster:pod_count_page_failures:ratio_rate' + config.rateWindow))],
        ]),
      ],
      [annotations.firing(config, alerts), annotations.reloads(config)],
    ),
  },
}
