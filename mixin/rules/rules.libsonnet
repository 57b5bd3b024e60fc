// Recording rules, named level:metric:operations. Alerts and dashboards build
// on them, so HA replicas, which count the same clusters, count once.
{
  local config = $._config,
  local c = config.clusterLabel,
  local sel = config.podCountSelector,
  local rule(record, expr, labels=null) = {
    record: record,
    expr: expr,
    [if labels != null then 'labels']: labels,
  },
  local max(by, metric) = 'max by (%s) (%s{%s})' % [by, metric, sel],
  local rate(metric, window, selector=sel) = 'rate(%s{%s}[%s])' % [metric, selector, window],
  local perCluster(operation) = '%s by (%s) (cluster_node:node_active_pods:max)' % [operation, c],

  prometheusRules+:: {
    groups+: [
      {
        name: 'pod-count-nodes.rules',
        rules: [
          rule('cluster_node:node_active_pods:max', max(c + ', node', 'node_active_pods')),
          rule('cluster_node:node_allocatable_pods:max', max(c + ', node', 'node_allocatable_pods')),
          rule('cluster_node:node_active_pods:ratio', 'cluster_node:node_active_pods:max / (cluster_node:node_allocatable_pods:max > 0)'),
          rule('cluster:node_active_pods:sum', perCluster('sum')),
          rule('cluster:node_active_pods:count', perCluster('count')),
          rule('cluster:node_active_pods:avg', perCluster('avg')),
          rule('cluster:node_active_pods:max', perCluster('max')),
          rule('cluster:node_allocatable_pods:sum', 'sum by (%s) (cluster_node:node_allocatable_pods:max)' % c),
          // Nodes that have not said what they can take are left out above the
          // line as well.
          rule('cluster:node_active_pods:ratio', |||
            sum by (%(c)s) (cluster_node:node_active_pods:max and on (%(c)s, node) cluster_node:node_allocatable_pods:max)
            /
            (cluster:node_allocatable_pods:sum > 0)
          ||| % { c: c }),
          rule('cluster:pod_count_unscheduled_pods:max', max(c, 'pod_count_unscheduled_pods')),
          rule('cluster:pod_count_unknown_node_pods:max', max(c, 'pod_count_unknown_node_pods')),
        ],
      },
      {
        name: 'pod-count-exporter.rules',
        rules: [
          rule('cluster:pod_count_last_pages:max', max(c, 'pod_count_last_pages')),
          rule('cluster:pod_count_page_failures:ratio_rate' + config.rateWindow, |||
            sum by (%(c)s) (%(failures)s)
            /
            (sum by (%(c)s) (%(failures)s) + on (%(c)s) sum by (%(c)s) (%(pages)s) > 0)
          ||| % {
            c: c,
            failures: rate('pod_count_page_failures_total', config.rateWindow),
            pages: rate('pod_count_pages_total', config.rateWindow),
          }),
          rule('cluster:api_requests_success:ratio_rate' + config.rateWindow, |||
            sum by (%(c)s) (%(good)s)
            /
            (sum by (%(c)s) (%(all)s) > 0)
          ||| % {
            c: c,
            good: rate('api_requests_total', config.rateWindow, sel + ',status="success"'),
            all: rate('api_requests_total', config.rateWindow),
          }),
          rule('cluster:pod_count_duration_seconds:mean_rate' + config.durationWindow, |||
            sum by (%(c)s) (%(sum)s)
            /
            (sum by (%(c)s) (%(count)s) > 0)
          ||| % {
            c: c,
            sum: rate('pod_count_duration_seconds_sum', config.durationWindow),
            count: rate('pod_count_duration_seconds_count', config.durationWindow),
          }),
        ] + [
          rule(
            'cluster_quantile:pod_count_duration_seconds:histogram_quantile',
            'histogram_quantile(%s, sum by (%s, le) (%s))'
            % [quantile, c, rate('pod_count_duration_seconds_bucket', config.durationWindow)],
            { quantile: quantile },
          )
          for quantile in ['0.5', '0.95', '0.99']
        ],
      },
    ],
  },
}
