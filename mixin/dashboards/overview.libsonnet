// Is any node full, and where are the pods?
local annotations = import '../lib/annotations.libsonnet';
local dashboard = import '../lib/dashboard.libsonnet';
local number = import '../lib/number.libsonnet';
local panels = import '../lib/panels.libsonnet';
local targets = import '../lib/targets.libsonnet';
local variables = import '../lib/variables.libsonnet';

{
  local config = $._config,
  local alerts = [rule.alert for group in $.prometheusAlerts.groups for rule in group.rules],
  local c = config.clusterLabel,
  local file = 'pod-count-overview.json',
  local clusters = '%s=~"$cluster"' % c,
  local nodes = clusters + ',node=~"$node"',
  local rule(name, selector) = '%s{%s}' % [name, selector],
  local ratio = rule('cluster_node:node_active_pods:ratio', nodes),
  // Nodes of one pod each are always full.
  local shared = '%s and on (%s, node) (%s > %s)' % [ratio, c, rule('cluster_node:node_allocatable_pods:max', nodes), number.text(config.singlePodNodes)],
  local atEnd = '%s @ end() and on (%s, node) (%s @ end() > %s)' % [ratio, c, rule('cluster_node:node_allocatable_pods:max', nodes), number.text(config.singlePodNodes)],
  local legend = '{{%s}} {{node}}' % c,
  local own = '%s,%s' % [config.podCountSelector, clusters],
  local followed = 'on (%s) group by (%s) (pod_count_mode_info{%s,mode="watch"})' % [c, c, own],
  local total(expr) = 'sum(%s)' % expr,
  local stat(title, description, expr) = panels.stat(title, description, 'locale', targets.instant(expr, title), 0),

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
          [4, stat('Active pods', 'Pods bound to the chosen nodes that are neither Succeeded nor Failed.', total(rule('cluster_node:node_active_pods:max', nodes)))],
          [4, stat('Nodes', 'Nodes that exist, those without pods among them.', 'count(%s)' % rule('cluster_node:node_active_pods:max', nodes))],
          [4, stat('Full nodes', 'Nodes that hold as many pods as they can take. Nodes for %s or fewer are left out.' % number.text(config.singlePodNodes), 'count((%s) >= %s) or vector(0)' % [shared, number.text(config.fullRatio)])
              + panels.thresholds([['green', null], ['red', 1]])],
          [4, stat('Nearly full nodes', 'Nodes that hold over %s of the pods that they can take, and are not full.' % number.percent(config.nearlyFullRatio), 'count((%s) > %s < %s) or vector(0)' % [shared, number.text(config.nearlyFullRatio), number.text(config.fullRatio)])
              + panels.thresholds([['green', null], ['orange', 1]])],
          [4, stat('Unscheduled pods', 'Pods that are not finished and bound to no node.', total(rule('cluster:pod_count_unscheduled_pods:max', clusters)))
              + panels.thresholds([['green', null], ['orange', 1]])],
          [4, stat('On unknown nodes', 'Active pods that are bound to a node that does not exist.', total(rule('cluster:pod_count_unknown_node_pods:max', clusters)))
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
               + panels.fullnessColumn(config, 'Share') + panels.nodeLink(config, 'Node')],
          [10, panels.histogram(
            'Distribution over nodes',
            'How many nodes hold how many active pods.',
            'locale',
            [targets.instant(rule('cluster_node:node_active_pods:max', nodes), legend)],
            10,
          )],
        ]),
        dashboard.row('Over time', 11, [
          [12, panels.timeseries('Fullest nodes', 'The ten nodes with the greatest share of their capacity taken at the end.', 'percentunit', [targets.range('%s and on (%s, node) topk(10, %s)' % [ratio, c, atEnd], legend)])
               + panels.fullnessLines(config) + panels.legendRight],
          [12, panels.timeseries('Active pods by cluster', 'Active pods on all nodes of a cluster.', 'locale', [targets.range(rule('cluster:node_active_pods:sum', clusters), '{{%s}}' % c)], 0) + panels.legendRight],
        ]),
        dashboard.row('Placement', 9, [
          [12, panels.timeseries('Pods per node', 'Mean and greatest number of active pods of a node, by cluster.', 'locale', [
            targets.range(rule('cluster:node_active_pods:avg', clusters), '{{%s}} mean' % c),
            targets.range(rule('cluster:node_active_pods:max', clusters), '{{%s}} max' % c),
          ], 1) + panels.legendRight],
          [12, panels.timeseries('Pods without a node', 'Pods that are bound to no node, or to one that does not exist.', 'locale', [
            targets.range(rule('cluster:pod_count_unscheduled_pods:max', clusters), '{{%s}} unscheduled' % c),
            targets.range(rule('cluster:pod_count_unknown_node_pods:max', clusters), '{{%s}} unknown node' % c),
          ], 0) + panels.legendRight],
        ]),
        dashboard.row('Watch mode', 9, [
          [12, panels.timeseries('Age of live numbers', 'Time since the last event or bookmark of bound pods. It should stay below two minutes. Clusters that are listed are not shown.', 's', [
            targets.range('time() - %s and %s' % [rule('cluster:pod_count_last_success_timestamp_seconds:max', clusters), followed], '{{%s}}' % c),
          ]) + panels.legendRight],
          [12, panels.timeseries('Broken streams by reason', 'Streams of events that did not end in order. After expired and drift the pods are listed again. Clusters that are listed have no streams.', 'cps', [
            targets.range('sum by (%s, reason) (rate(pod_count_watch_restarts_total{%s,reason!="closed"}[%s]))' % [c, own, config.rateWindow], '{{%s}} {{reason}}' % c),
          ], 4) + panels.legendRight + panels.withoutZeros],
        ]),
      ],
      [annotations.firing(config, alerts), annotations.reloads(config)],
    ),
  },
}
