// What the counts are for.
local alert = import '../lib/alert.libsonnet';
local number = import '../lib/number.libsonnet';

{
  local config = $._config,
  local c = config.clusterLabel,
  local where = 'Node {{ $labels.node }} of cluster {{ $labels.%s }}' % c,
  local capacity(condition) = |||
    cluster_node:node_active_pods:ratio %s
    and on (%s, node)
    cluster_node:node_allocatable_pods:max > %s
  ||| % [condition, c, number.text(config.singlePodNodes)],

  prometheusAlerts+:: {
    groups+: [{
      name: 'pod-count-capacity',
      rules: [
        // It stays while the node is full: inhibition hides it then.
        alert.new(
          config,
          'NodePodCapacityNearlyFull',
          capacity('> ' + number.text(config.nearlyFullRatio)),
          config.capacityFor,
          'A node can take few more pods.',
          where + ' holds {{ $value | humanizePercentage }} of the pods that it can take.',
          config.keepFiringFor,
        ),
        alert.new(
          config,
          'NodePodCapacityFull',
          capacity('>= ' + number.text(config.fullRatio)),
          config.capacityFor,
          'A node can take no more pods.',
          where + ' holds {{ $value | humanizePercentage }} of the pods that it can take.',
          config.keepFiringFor,
        ),
        // The only node of a cluster has the two alerts above.
        alert.new(
          config,
          'ClusterPodCapacityFull',
          |||
            1 - cluster:node_free_pods:ratio > %(ratio)s
            and on (%(c)s)
            count by (%(c)s) (cluster_node:node_allocatable_pods:max > %(single)s) > 1
          ||| % { ratio: number.text(config.clusterFullRatio), c: c, single: number.text(config.singlePodNodes) },
          config.capacityFor,
          'A cluster can take few more pods.',
          'The nodes of cluster {{ $labels.%s }} hold {{ $value | humanizePercentage }} of the pods that they can take.' % c,
          config.keepFiringFor,
        ),
        alert.new(
          config,
          'PodsWithoutNode',
          'cluster:pod_count_unscheduled_pods:max > %s' % number.text(config.podsWithoutNode),
          config.podsStayFor,
          'There are always pods without a node.',
          '{{ $value }} pods of cluster {{ $labels.%s }} are bound to no node, and some were at each count since %s. They need not be the same ones, and may be held back on purpose, by scheduling gates for example.' % [c, config.podsStayFor],
        ),
        alert.new(
          config,
          'PodsOnUnknownNodes',
          'cluster:pod_count_unknown_node_pods:max > %s' % number.text(config.unknownNodePods),
          config.podsStayFor,
          'Pods stay on nodes that do not exist.',
          '{{ $value }} active pods of cluster {{ $labels.%s }} are bound to nodes that do not exist.' % c,
        ),
      ],
    }],
  },
}
