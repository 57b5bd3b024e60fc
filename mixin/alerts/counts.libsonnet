// Whether the numbers are there, new, and likely. Of HA replicas the freshest
// one decides: its numbers are shown.
local alert = import '../lib/alert.libsonnet';
local duration = import '../lib/duration.libsonnet';
local number = import '../lib/number.libsonnet';

{
  local config = $._config,
  local c = config.clusterLabel,
  local sel = config.podCountSelector,
  local cluster = 'cluster {{ $labels.%s }}' % c,
  local age = 'time() - cluster:pod_count_last_success_timestamp_seconds:max',

  prometheusAlerts+:: {
    groups+: [{
      name: 'pod-count-counts',
      rules: [
        // Past max-staleness the numbers are withdrawn, whatever the cache TTL.
        alert.new(
          config,
          'PodCountStale',
          |||
            %(age)s > on (%(c)s) %(ttls)s * cluster:pod_count_cache_ttl_seconds:max
            or
            %(age)s > scalar(max(pod_count_max_staleness_seconds{%(sel)s})) and on (%(c)s) cluster:pod_count_success:max == 0
          ||| % { age: age, c: c, ttls: number.text(config.staleTTLs), sel: sel },
          config.staleFor,
          'The numbers of pods are old.',
          'The numbers of %s are those of {{ $value | humanizeDuration }} ago.' % cluster,
          config.keepFiringFor,
        ),
        // Counts that succeed now and then keep PodCountStale quiet.
        alert.new(
          config,
          'PodCountFailing',
          |||
            sum by (%(c)s) (rate(pod_count_failures_total{%(sel)s}[%(window)s])) > 0
            and on (%(c)s)
            sum by (%(c)s) (rate(pod_count_failures_total{%(sel)s}[%(window)s] offset %(window)s)) > 0
            and on (%(c)s)
            sum by (%(c)s) (rate(pod_count_failures_total{%(sel)s}[%(window)s] offset %(twice)s)) > 0
          ||| % { c: c, sel: sel, window: config.rateWindow, twice: duration.format(2 * duration.parse(config.rateWindow)) },
          config.failuresFor,
          'Counts keep ending incomplete.',
          'Counts of %s keep ending incomplete. The numbers are those of the counts between.' % cluster,
          config.keepFiringFor,
        ),
        alert.new(
          config,
          'PodCountIncomplete',
          |||
            max by (%(c)s) (pod_count_last_success_timestamp_seconds{%(sel)s}) == 0
            unless on (%(c)s) cluster:pod_count_last_success_timestamp_seconds:max
          ||| % { c: c, sel: sel },
          config.incompleteFor,
          'A cluster has never been counted.',
          'The exporter has not completed a first count of %s.' % cluster,
          config.keepFiringFor,
        ),
        // In watch mode, pods are listed at the start and for audits, and not to
        // renew numbers.
        alert.new(
          config,
          'PodCountSlow',
          |||
            cluster:pod_count_duration_seconds:mean_rate%(window)s > on (%(c)s) %(ratio)s * cluster:pod_count_cache_ttl_seconds:max
            unless on (%(c)s) pod_count_mode_info{%(sel)s,mode="watch"}
          ||| % { window: config.durationWindow, c: c, ratio: number.text(config.slowRatio), sel: sel },
          config.slowFor,
          'Counts take nearly as long as they are good for.',
          'A count of %s takes {{ $value | humanizeDuration }} on average, over %s of the time after which it is to be renewed.' % [cluster, number.percent(config.slowRatio)],
        ),
        alert.new(
          config,
          'PodCountInconsistent',
          'cluster:pod_count_snapshot_consistent:max == 0',
          config.inconsistentFor,
          'Counts show a cluster at several moments.',
          'The pages of %s show different moments, as continue tokens expire or namespaces are listed apart, or the server gives no resourceVersion.' % cluster,
        ),
        alert.new(
          config,
          'PodCountDropped',
          |||
            cluster:node_active_pods:sum < %(ratio)s * (cluster:node_active_pods:sum offset %(offset)s)
            and
            cluster:node_active_pods:sum offset %(offset)s >= %(least)s
          ||| % { ratio: number.text(1 - config.droppedRatio), offset: config.droppedOffset, least: number.text(config.droppedMinPods) },
          config.droppedFor,
          'A cluster has lost many of its pods.',
          'Cluster {{ $labels.%s }} has {{ $value }} active pods, less than %s of %s ago.' % [c, number.percent(1 - config.droppedRatio), config.droppedOffset],
        ),
        // A complete count that finds no node leaves no series to compare. An account
        // that may not list nodes is shown those with pods only, so that none is left
        // when all pods finish.
        alert.new(
          config,
          'PodCountNoNodes',
          |||
            max_over_time(cluster:node_active_pods:count[%(memory)s])
            and on (%(c)s) cluster:pod_count_success:max == 1
            unless on (%(c)s) cluster:node_active_pods:count
            unless on (%(c)s) sum by (%(c)s) (rate(pod_count_page_failures_total{%(sel)s,reason="forbidden"}[%(window)s])) > 0
          ||| % { memory: config.noNodesMemory, c: c, sel: sel, window: config.rateWindow },
          config.noNodesFor,
          'All nodes of a cluster are gone.',
          'Counts of %s are complete and find no node. It had {{ $value }} within the last %s.' % [cluster, config.noNodesMemory],
        ),
      ],
    }],
  },
}
