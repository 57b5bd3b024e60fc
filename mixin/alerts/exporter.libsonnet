// Whether the exporters themselves are there, run, and know their clusters.
local alert = import '../lib/alert.libsonnet';
local number = import '../lib/number.libsonnet';

{
  local config = $._config,
  local names = {
    c: config.clusterLabel,
    sel: config.podCountSelector,
    gone: config.goneMemory,
    restarts: number.text(config.restarts),
    restartsWindow: config.restartsWindow,
    rateWindow: config.rateWindow,
  },

  prometheusAlerts+:: {
    groups+: [{
      name: 'pod-count-exporter',
      rules: [
        // Three ways to lose a cluster: its exporter is down; it has left the
        // scrape configuration and nothing took its place; there is no exporter at
        // all, perhaps never was. A cluster that an exporter stopped reporting
        // while it runs was taken out on purpose. Nothing took its place if there are
        // fewer processes than for three quarters of the time; an update may have had
        // more of them for a while.
        alert.new(
          config,
          'PodCountExporterDown',
          |||
            (
              group by (%(c)s) (
                cluster_instance:pod_count_success:group
                unless on (job, instance) instance:pod_count_up:group
              )
              or
              group by (%(c)s) (
                last_over_time(pod_count_success{%(sel)s}[%(gone)s])
                unless on (job, instance) instance:pod_count_up:group
                unless on (job)
                  (job:pod_count_clusters:count >= quantile_over_time(0.75, job:pod_count_clusters:count[%(gone)s]))
              )
            )
            unless on (%(c)s) pod_count_success{%(sel)s}
            or
            absent(instance:pod_count_up:group) unless on () cluster_instance:pod_count_success:group
          ||| % names,
          config.downFor,
          'No exporter reports a cluster any more.',
          '{{ if $labels.%(c)s }}Cluster {{ $labels.%(c)s }} was reported by an exporter that is gone, and no other one reports it.{{ else }}No exporter is scraped: none is up, or its job has a name that the rules do not select.{{ end }}' % names,
          config.keepFiringFor,
        ),
        // The quantile of a histogram with one bucket is the bucket's bound: so the
        // label shards becomes a number.
        alert.new(
          config,
          'PodCountShardMissing',
          |||
            count by (job, shards) (group by (job, shards, shard) (pod_count_shard_info{%(sel)s}))
            < on (job, shards)
            histogram_quantile(1, group by (job, shards, le) (
              label_replace(pod_count_shard_info{%(sel)s}, "le", "$1", "shards", "(.+)")
              or
              label_replace(pod_count_shard_info{%(sel)s}, "le", "+Inf", "", "")
            ))
          ||| % names,
          config.shardMissingFor,
          'A share of the clusters is counted by nobody.',
          '{{ $value }} of {{ $labels.shards }} shards of job {{ $labels.job }} are there. Nobody counts the clusters of the others.',
          config.keepFiringFor,
        ),
        alert.new(
          config,
          'PodCountExporterRestarting',
          'max by (job, instance) (changes(process_start_time_seconds{%(sel)s}[%(restartsWindow)s])) > %(restarts)s' % names,
          '0s',
          'The exporter keeps starting anew.',
          'Exporter {{ $labels.instance }} has started {{ $value }} times within %(restartsWindow)s.' % names,
          config.keepFiringFor,
        ),
        alert.new(
          config,
          'PodCountPanics',
          'sum by (%(c)s) (increase(pod_count_panics_total{%(sel)s}[%(rateWindow)s])) > 0' % names,
          '0s',
          'Counts end because of a fault of the exporter.',
          'A count of cluster {{ $labels.%(c)s }} ended in a panic of the exporter. The log has the stack.' % names,
          config.keepFiringFor,
        ),
        alert.new(
          config,
          'PodCountConfigReloadFailed',
          'min by (job, instance) (pod_count_config_last_reload_successful{%(sel)s}) == 0' % names,
          config.configFor,
          'The exporter cannot read its kubeconfigs.',
          'Exporter {{ $labels.instance }} could not read its kubeconfigs again, and goes on with the clusters that it knows.',
        ),
        alert.new(
          config,
          'PodCountConfigInvalid',
          'max by (job, instance) (pod_count_config_invalid_contexts{%(sel)s}) > 0' % names,
          config.configFor,
          'The exporter cannot use all of its contexts.',
          'Exporter {{ $labels.instance }} cannot use {{ $value }} of the contexts of its kubeconfigs. Their clusters are not counted.',
        ),
      ],
    }],
  },
}
