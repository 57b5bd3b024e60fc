// What kube-prometheus and other users of mixins take: prometheusAlerts,
// prometheusRules and grafanaDashboards; and alertmanagerInhibition, a part of
// Alertmanager's configuration. Each is made from _config.
(import 'config.libsonnet') +
(import 'alerts/alerts.libsonnet') +
(import 'rules/rules.libsonnet') +
(import 'dashboards/dashboards.libsonnet')
