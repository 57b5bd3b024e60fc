// Is any node full, and where are the pods?
local dashboard = import '../lib/dashboard.libsonnet';
local panels = import '../lib/panels.libsonnet';
local targets = import '../lib/targets.libsonnet';
local variables = import '../lib/variables.libsonnet';

{
  local config = $._config,
  local c = config.clusterLabel,
  local file = 'pod-count-overview.json',
  local clusters = '%s=~"$cluster"' % c,
  local nodes = clusters + ',node=~"$node"',
  local rule(name, selector) = '%s{%s}' % [name, selector],
  local ratio = rule('cluster_node:node_active_pods:ratio', nodes),
  local legend = '{{%s}} {{node}}' % c,
  local total(expr) = 'sum(%s)' % expr,
  local number(title, description, expr) = panels.stat(title, description, 'locale', targets.instant(expr, title), 0),

  grafanaDashboards+:: {
    [file]: dashboard.new(
      config,
      file,
      'Overview',
      'Which nodes are full, and where the pods are.',
      [
        variables.datasource,
        variables.label('cluster', c, 'pod_count_success{%s}' % config.podCountSelector),
        variables.label('node', 'node', 'node_active_pods{%s,%s}' % [config.podCountSelector, clusters]),
      ],
      [
        dashboard.row('At a glance', 4, [
          [4, number('Active pods', 'Pods bound to the chosen nodes that are neither Succeeded nor Failed.', total(rule('cluster_node:node_active_pods:max', nodes)))],
          [4, number('Nodes', 'Nodes that exist, those without pods among them.', 'count(%s)' % rule('cluster_node:node_active_pods:max', nodes))],
          [4, number('Full nodes', 'Nodes that hold as many pods as they can take.', 'count(%s >= 1) or vector(0)' % ratio)
              + panels.thresholds([['green', null], ['red', 1]])],
          [4, number('Nearly full nodes', 'Nodes that hold over %d%% of the pods that they can take.' % (config.nearlyFullRatio * 100), 'count(%s > %s < 1) or vector(0)' % [ratio, config.nearlyFullRatio])
              + panels.thresholds([['green', null], ['orange', 1]])],
          [4, number('Unscheduled pods', 'Pods that are not finished and bound to no node.', total(rule('cluster:pod_count_unscheduled_pods:max', clusters)))
              + panels.thresholds([['green', null], ['orange', 1]])],
          [4, number('On unknown nodes', 'Active pods that are bound to a node that does not exist.', total(rule('cluster:pod_count_unknown_node_pods:max', clusters)))
              + panels.thresholds([['green', null], ['orange', 1]])],
        ]),
        dashboard.row('Nodes', 11, [
          [14, panels.table(
                 'Nodes by share of capacity',
                 'Active pods of each node, the pods that it can take, and the share that is taken.',
                 [
                   targets.table(rule('cluster_node:node_active_pods:max', nodes)),
                   targets.table(rule('cluster_node:node_allocatable_pods:max', nodes)),
                   targets.table(ratio),
                 ],
                 'Share',
               ) + panels.columns([[c, 'Cluster'], ['node', 'Node'], ['Value #A', 'Active pods'], ['Value #B', 'Allocatable pods'], ['Value #C', 'Share']])
               + panels.fullnessColumn(config, 'Share')],
          [10, panels.histogram(
            'Distribution over nodes',
            'How many nodes hold how many active pods.',
            'locale',
            [targets.instant(rule('cluster_node:node_active_pods:max', nodes), legend)],
            10,
          )],
        ]),
        dashboard.row('Over time', 12, [
          [12, panels.timeseries('Fullest nodes', 'The ten nodes with the greatest share of their capacity taken, at each moment.', 'percentunit', [targets.range('topk(10, %s)' % ratio, legend)], 0)],
          [12, panels.timeseries('Active pods by cluster', 'Active pods on all nodes of a cluster.', 'locale', [targets.range(rule('cluster:node_active_pods:sum', clusters), '{{%s}}' % c)], 0)],
        ]),
        dashboard.row('Placement', 13, [
          [12, panels.timeseries('Pods per node', 'Mean and greatest number of active pods of a node, by cluster.', 'locale', [
            targets.range(rule('cluster:node_active_pods:avg', clusters), '{{%s}} mean' % c),
            targets.range(rule('cluster:node_active_pods:max', clusters), '{{%s}} max' % c),
          ], 1)],
          [12, panels.timeseries('Pods without a node', 'Pods that are bound to no node, or to one that does not exist.', 'locale', [
            targets.range(rule('cluster:pod_count_unscheduled_pods:max', clusters), '{{%s}} unscheduled' % c),
            targets.range(rule('cluster:pod_count_unknown_node_pods:max', clusters), '{{%s}} unknown node' % c),
          ], 0)],
        ]),
      ],
    ),
  },
}
