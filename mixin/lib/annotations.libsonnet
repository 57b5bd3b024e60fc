// What happened, as lines across the panels over time.
local base(name, color) = {
  name: name,
  datasource: { type: 'prometheus', uid: '${datasource}' },
  enable: true,
  hide: false,
  iconColor: color,
};

{
  // The mixin's alerts while they fire, those of the chosen clusters and those of
  // no cluster.
  firing(config, names):: base('Firing alerts', 'red') {
    expr: 'ALERTS{alertstate="firing",alertname=~"%s",%s=~"|$cluster"}' % [std.join('|', names), config.clusterLabel],
    step: config.dashboardRefresh,
    titleFormat: '{{alertname}}',
    textFormat: '{{%s}} {{node}}' % config.clusterLabel,
    tagKeys: 'severity',
  },

  // The moments at which an exporter read its kubeconfigs.
  reloads(config):: base('Reloads', 'blue') {
    expr: 'pod_count_config_last_reload_success_timestamp_seconds{%s} * 1000' % config.podCountSelector,
    step: config.dashboardRefresh,
    titleFormat: 'Reload',
    textFormat: '{{instance}}',
    useValueForTime: true,
  },
}
