// Pods by node and cluster, each number from the cluster's freshest replica.
local number = import '../lib/number.libsonnet';
local rule = (import '../lib/rule.libsonnet').new;

{
  local config = $._config,
  local c = config.clusterLabel,
  // An exporter whose timestamps are not kept has no freshest replica.
  local fresh(by, metric) = |||
    max by (%(by)s) (
      %(metric)s{%(sel)s} and on (%(c)s, job, instance) cluster_instance:pod_count_last_success_timestamp_seconds:topk
      or
      %(metric)s{%(sel)s} unless on (%(c)s) cluster_instance:pod_count_last_success_timestamp_seconds:topk
    )
  ||| % { by: by, metric: metric, sel: config.podCountSelector, c: c },
  local perCluster(operation) = '%s by (%s) (cluster_node:node_active_pods:max)' % [operation, c],

  prometheusRules+:: {
    groups+: [{
      name: 'pod-count-nodes.rules',
      rules: [
        rule('cluster_node:node_active_pods:max', fresh(c + ', node', 'node_active_pods')),
        rule('cluster_node:node_allocatable_pods:max', fresh(c + ', node', 'node_allocatable_pods')),
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
        // Room that pods of any kind can have: a node with more pods than it can
        // take has none, and does not take that of others.
        rule('cluster:node_free_pods:ratio', |||
          sum by (%(c)s) (clamp_min((cluster_node:node_allocatable_pods:max > %(single)s) - on (%(c)s, node) cluster_node:node_active_pods:max, 0))
          /
          sum by (%(c)s) (cluster_node:node_allocatable_pods:max > %(single)s)
        ||| % { c: c, single: number.text(config.singlePodNodes) }),
        rule('cluster:pod_count_unscheduled_pods:max', fresh(c, 'pod_count_unscheduled_pods')),
        rule('cluster:pod_count_unknown_node_pods:max', fresh(c, 'pod_count_unknown_node_pods')),
        rule('cluster:pod_count_last_pages:max', fresh(c, 'pod_count_last_pages')),
        rule('cluster:pod_count_snapshot_consistent:max', fresh(c, 'pod_count_snapshot_consistent')),
      ],
    }],
  },
}
