// Whether the exporter itself is there and knows its clusters.
local alert = import '../lib/alert.libsonnet';

{
  local config = $._config,

  prometheusAlerts+:: {
    groups+: [{
      name: 'pod-count-exporter',
      rules: [
        alert.new(
          config,
          'PodCountExporterDown',
          // absent() would not know which cluster is missing: those of the last
          // while, less those of now, do.
          |||
            group by (%(clusterLabel)s) (last_over_time(pod_count_success{%(podCountSelector)s}[%(downMemory)s]))
            unless on (%(clusterLabel)s)
            group by (%(clusterLabel)s) (pod_count_success{%(podCountSelector)s})
          ||| % config,
          config.downFor,
          'No exporter reports a cluster any more.',
          'Cluster {{ $labels.%s }} was counted within the last %s, and no exporter reports it now.' % [config.clusterLabel, config.downMemory],
        ),
        alert.new(
          config,
          'PodCountConfigReloadFailed',
          'min by (job, instance) (pod_count_config_last_reload_successful{%s}) == 0' % config.podCountSelector,
          config.reloadFailedFor,
          'The exporter cannot read its kubeconfigs.',
          'Exporter {{ $labels.instance }} could not read its kubeconfigs again, and goes on with the clusters that it knows.',
        ),
      ],
    }],
  },
}
