// What counts cost, and how their requests end. Replicas add up: each of them
// asks.
local rule = (import '../lib/rule.libsonnet').new;

{
  local config = $._config,
  local c = config.clusterLabel,
  local sel = config.podCountSelector,
  local rate(metric, window, selector=sel) = 'rate(%s{%s}[%s])' % [metric, selector, window],

  prometheusRules+:: {
    groups+: [{
      name: 'pod-count-exporter.rules',
      rules: [
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
    }],
  },
}
