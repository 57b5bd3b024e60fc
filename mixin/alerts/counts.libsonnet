// Whether the numbers are there, new, and likely. Of HA replicas the best one
// decides: as long as one of them has a new snapshot, its numbers are shown.
local alert = import '../lib/alert.libsonnet';

{
  local config = $._config,
  local c = config.clusterLabel,
  local best(metric) = 'max by (%s) (%s{%s})' % [c, metric, config.podCountSelector],

  prometheusAlerts+:: {
    groups+: [{
      name: 'pod-count-counts',
      rules: [
        alert.new(
          config,
          'PodCountStale',
          'time() - (%s > 0) > %s' % [best('pod_count_last_success_timestamp_seconds'), config.staleAfterSeconds],
          config.staleFor,
          'The numbers of pods are old.',
          'The last complete count of cluster {{ $labels.%s }} was {{ $value | humanizeDuration }} ago.' % c,
        ),
        alert.new(
          config,
          'PodCountIncomplete',
          '%s == 0' % best('pod_count_last_success_timestamp_seconds'),
          config.incompleteFor,
          'A cluster has never been counted.',
          'The exporter has not completed a first count of cluster {{ $labels.%s }}.' % c,
        ),
        alert.new(
          config,
          'PodCountSlow',
          'cluster:pod_count_duration_seconds:mean_rate%s > %s' % [config.durationWindow, config.slowRatio * config.cacheTTLSeconds],
          config.slowFor,
          'Counts take nearly as long as they are good for.',
          'A count of cluster {{ $labels.%s }} takes {{ $value | humanizeDuration }} on average, and is to be renewed every %ds.' % [c, config.cacheTTLSeconds],
        ),
        alert.new(
          config,
          'PodCountInconsistent',
          '%s == 0' % best('pod_count_snapshot_consistent'),
          config.inconsistentFor,
          'Counts show a cluster at several moments.',
          'Continue tokens of cluster {{ $labels.%s }} expire before a count ends, so its pages show different moments.' % c,
        ),
        alert.new(
          config,
          'PodCountDropped',
          |||
            cluster:node_active_pods:sum < %(droppedRatio)s * (cluster:node_active_pods:sum offset %(droppedOffset)s)
            and
            cluster:node_active_pods:sum offset %(droppedOffset)s >= %(droppedMinPods)s
          ||| % config,
          config.droppedFor,
          'A cluster has lost many of its pods.',
          'Cluster {{ $labels.%s }} has {{ $value }} active pods, less than %d%% of %s ago.' % [c, config.droppedRatio * 100, config.droppedOffset],
        ),
      ] + (if !config.watchMode then [] else [
             alert.new(
               config,
               'PodCountWatchDrift',
               '%s > %s' % [best('pod_count_watch_drift_pods'), config.watchDriftPods],
               config.failuresFor,
               'Watched counts differ from listed ones.',
               'The watched count of cluster {{ $labels.%s }} was {{ $value }} pods off when a list checked it.' % c,
             ),
           ]),
    }],
  },
}
