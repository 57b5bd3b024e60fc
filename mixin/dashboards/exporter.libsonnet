// Is the exporter healthy, and what does it cost the API servers?
local annotations = import '../lib/annotations.libsonnet';
local dashboard = import '../lib/dashboard.libsonnet';
local panels = import '../lib/panels.libsonnet';
local targets = import '../lib/targets.libsonnet';
local variables = import '../lib/variables.libsonnet';

{
  local config = $._config,
  local alerts = [rule.alert for group in $.prometheusAlerts.groups for rule in group.rules],
  local c = config.clusterLabel,
  local file = 'pod-count-exporter.json',
  local perCluster = '{{%s}}' % c,
  local clusters = '%s=~"$cluster"' % c,
  local sel = config.podCountSelector,
  local own = '%s,%s' % [sel, clusters],
  // Grafana's own rate interval follows the scrapes. There is a count in each
  // cache TTL only, so windows follow that.
  local window = config.rateWindow,
  local rate(by, metric, over=window) = 'sum by (%s) (rate(%s{%s}[%s]))' % [by, metric, own, over],
  local rule(name) = '%s{%s}' % [name, clusters],
  local lines(title, description, unit, expr, legend=perCluster, decimals=null) =
    panels.timeseries(title, description, unit, [targets.range(expr, legend)], decimals),
  local number(title, description, expr, unit='locale', decimals=0) = panels.stat(title, description, unit, targets.instant(expr, title), decimals),
  // Replicas see the same pods come and go.
  local churn(metric) = 'max by (%s) (sum by (%s, job, instance) (rate(%s{%s}[%s])))' % [c, c, metric, own, window],
  local since(metric) = 'time() - max by (%s) (%s{%s} > 0)' % [c, metric, own],
  local badFromOne = panels.thresholds([['green', null], ['red', 1]]),

  grafanaDashboards+:: {
    [file]: dashboard.new(
      config,
      file,
      'Exporter',
      'Whether the numbers can be relied on, and what they cost the API servers.',
      [variables.datasource, variables.label('cluster', c, 'pod_count_success{%s}' % sel)],
      [
        dashboard.row('At a glance', 4, [
          [4, number('Clusters', 'Clusters that are counted.', 'count(%s)' % rule('cluster:pod_count_success:max'))],
          [4, number('Failing clusters', 'Clusters whose latest count was not complete.', 'count(%s == 0) or vector(0)' % rule('cluster:pod_count_success:max')) + badFromOne],
          [4, number('Oldest snapshot', 'Age of the oldest number that is shown.', 'max(time() - %s)' % rule('cluster:pod_count_last_success_timestamp_seconds:max'), 's', 0)
              + panels.thresholds([['green', null], ['orange', 2 * config.cacheTTLSeconds], ['red', config.staleTTLs * config.cacheTTLSeconds]])],
          [4, number('Inconsistent snapshots', 'Clusters whose pages show several moments.', 'count(%s == 0) or vector(0)' % rule('cluster:pod_count_snapshot_consistent:max'))
              + panels.thresholds([['green', null], ['orange', 1]])],
          [4, number('Exporters', 'Exporters that are scraped.', 'count(group by (job, instance) (pod_count_clusters{%s})) or vector(0)' % sel) + panels.thresholds([['red', null], ['green', 1]])],
          [4, number('Configuration', 'Whether the kubeconfigs could be read at the last attempt.', 'min(pod_count_config_last_reload_successful{%s})' % sel)
              + panels.mapped({ '0': ['failed', 'red'], '1': ['loaded', 'green'] })],
        ]),
        dashboard.row('Counts', 14, [
          [8, lines('Age of snapshots', 'Time since the last complete count of each cluster, or in watch mode since the last event or bookmark. It should stay near the cache TTL, or below two minutes.', 's', 'time() - ' + rule('cluster:pod_count_last_success_timestamp_seconds:max'))],
          [8, panels.timeseries('Duration of counts', 'Median and 95th percentile of the duration of complete counts.', 's', [
            targets.range(rule('cluster_quantile:pod_count_duration_seconds:histogram_quantile').expr, '{{%s}} p{{quantile}}' % c)
            for rule in [function(name) { expr: '%s{%s,quantile=~"0.5|0.95"}' % [name, clusters] }]
          ])],
          [8, panels.heatmap('Counts by duration', 'How many complete counts of the last %s took how long.' % window, 's', targets.heatmap('sum by (le) (increase(pod_count_duration_seconds_bucket{%s}[%s]))' % [own, window]))],
        ]),
        dashboard.row('Pages', 10, [
          [8, lines('Pages per count', 'Pages that the last complete count took.', 'locale', rule('cluster:pod_count_last_pages:max'), decimals=0)],
          [8, lines('Duration of pages', '95th percentile of the duration of requests for a page.', 's', 'histogram_quantile(0.95, %s)' % rate(c + ', le', 'pod_count_page_duration_seconds_bucket'))],
          [8, lines('Bytes', "Bytes of the API servers' answers.", 'Bps', rate(c, 'pod_count_response_bytes_total', config.durationWindow))],
        ]),
        dashboard.row('Failures', 12, [
          [8, lines('Page failures by reason', 'Requests for a page that failed, of all chosen clusters.', 'reqps', rate('reason', 'pod_count_page_failures_total'), '{{reason}}') + panels.stacked + panels.withoutZeros],
          [8, lines('Share of failed pages', 'Share of the requests for a page that failed, by cluster.', 'percentunit', rule('cluster:pod_count_page_failures:ratio_rate' + config.rateWindow))],
          [8, lines('Requests to the API servers', 'Requests by cluster and outcome.', 'reqps', rate(c + ', status', 'api_requests_total', config.durationWindow), '{{%s}} {{status}}' % c) + panels.withoutZeros],
        ]),
        dashboard.row('Watch mode: pods', 10, [
          [8, lines('Clusters by mode',
                    'How the numbers that are shown came about: watch, by events, or list, page by page. An exporter in watch mode lists a cluster that it cannot watch.',
                    'locale',
                    'count by (mode) (group by (%s, mode) (pod_count_mode_info{%s}))' % [c, own],
                    '{{mode}}',
                    0)],
          [8, panels.timeseries('Pods bound and left', 'Pods that are bound to nodes, and that finish or are deleted there, as the events say.', 'cps', [
            targets.range(churn('pod_count_bound_total'), perCluster + ' bound'),
            targets.range(churn('pod_count_left_total'), perCluster + ' left'),
          ]) + panels.withoutZeros],
          [8, lines('Events', 'Events of pods and nodes by type, of all chosen clusters.', 'eps', rate('type', 'pod_count_watch_events_total'), '{{type}}') + panels.stacked + panels.withoutZeros],
        ]),
        dashboard.row('Watch mode: streams', 10, [
          [8, panels.timeseries('Time since events', 'Time since the last event and the last bookmark. API servers send a bookmark each minute, unless they have no watch cache.', 's', [
            targets.range(since('pod_count_watch_last_event_timestamp_seconds'), perCluster + ' event'),
            targets.range(since('pod_count_watch_last_bookmark_timestamp_seconds'), perCluster + ' bookmark'),
          ])],
          [8, lines('Ends of streams by reason', 'Streams that ended, of all chosen clusters. Each one is closed after five to ten minutes.', 'cps', rate('reason', 'pod_count_watch_restarts_total'), '{{reason}}', 4) + panels.stacked + panels.withoutZeros],
          [8, panels.timeseries('Drift', 'Pods by which the latest audit differed from the events, and audits of the last %s by result.' % window, 'locale', [
            targets.range('max by (%s) (pod_count_watch_drift_pods{%s})' % [c, own], perCluster + ' drift'),
            targets.range('sum by (result) (increase(pod_count_watch_audits_total{%s}[%s]))' % [own, window], 'audits {{result}}'),
          ], 0)],
        ]),
        dashboard.row('Log and faults', 10, [
          [8, lines('Success of API requests', 'Share of the requests that succeeded, by cluster.', 'percentunit', rule('cluster:api_requests_success:ratio_rate' + config.rateWindow)) + panels.max(1)],
          [8, lines('Log messages', 'Messages a minute by level, those that were held back among them.', 'cpm', '60 * ' + rate('level', 'log_messages_total'), '{{level}}') + panels.stacked],
          [8, lines('Panics', 'Counts of the last %s that ended because of a fault of the exporter itself.' % window, 'locale', 'sum by (%s) (increase(pod_count_panics_total{%s}[%s]))' % [c, own, window], decimals=0)],
        ]),
        dashboard.row('Process', 8, [
          [6, lines('CPU', 'Cores that each exporter uses.', 'suffix: cores', 'rate(process_cpu_seconds_total{%s}[%s])' % [sel, window], '{{instance}}', 3)],
          [6, lines('Memory', 'Resident memory of each exporter.', 'bytes', 'process_resident_memory_bytes{%s}' % sel, '{{instance}}')],
          [6, lines('Goroutines', 'Goroutines of each exporter.', 'locale', 'go_goroutines{%s}' % sel, '{{instance}}', 0)],
          [6, lines('Duration of scrapes', 'Time that Prometheus waits for each exporter.', 's', 'scrape_duration_seconds{%s}' % sel, '{{instance}}')],
        ]),
        dashboard.row('Replicas', 5, [
          [24, panels.table('Shards and versions', 'Which share of the clusters each exporter has, and what it runs.', [
            targets.table('group by (instance, shard, shards) (pod_count_shard_info{%s})' % sel),
            targets.table('group by (instance, version, goversion) (pod_count_exporter_build_info{%s})' % sel),
          ], 'Exporter') + panels.columns([['instance', 'Exporter'], ['shard', 'Shard'], ['shards', 'Shards'], ['version', 'Version'], ['goversion', 'Go']])],
        ]),
      ],
      [annotations.firing(config, alerts), annotations.reloads(config)],
    ),
  },
}
