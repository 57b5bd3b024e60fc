// What the counts are for.
local alert = import '../lib/alert.libsonnet';

{
  local config = $._config,
  local c = config.clusterLabel,
  local where = 'Node {{ $labels.node }} of cluster {{ $labels.%s }}' % c,
  local capacity(condition) = |||
    cluster_node:node_active_pods:ratio %s
    and on (%s, node)
    cluster_node:node_allocatable_pods:max > %s
  ||| % [condition, c, config.singlePodNodes],

  prometheusAlerts+:: {
    groups+: [{
      name: 'pod-count-capacity',
      rules: [
        alert.new(
          config,
          'NodePodCapacityNearlyFull',
          capacity('> %s < 1' % config.nearlyFullRatio),
          config.capacityFor,
          'A node can take few more pods.',
          where + ' holds {{ $value | humanizePercentage }} of the pods that it can take.',
          config.keepFiringFor,
        ),
        alert.new(
          config,
          'NodePodCapacityFull',
          capacity('>= 1'),
          config.capacityFor,
          'A node can take no more pods.',
          where + ' holds {{ $value | humanizePercentage }} of the pods that it can take.',
          config.keepFiringFor,
        ),
        alert.new(
          config,
          'PodsUnschedulable',
          'cluster:pod_count_unscheduled_pods:max > %s' % config.unschedulablePods,
          config.podsStayFor,
          'Pods stay without a node.',
          '{{ $value }} pods of cluster {{ $labels.%s }} are bound to no node.' % c,
        ),
        alert.new(
          config,
          'PodsOnUnknownNodes',
          'cluster:pod_count_unknown_node_pods:max > %s' % config.unknownNodePods,
          config.podsStayFor,
          'Pods stay on nodes that do not exist.',
          '{{ $value }} active pods of cluster {{ $labels.%s }} are bound to nodes that do not exist.' % c,
        ),
      ],
    }],
  },
}
