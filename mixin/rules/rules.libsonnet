// Recording rules, named level:metric:operations. Alerts and dashboards build
// on them.
(import 'reporters.libsonnet') +
(import 'nodes.libsonnet') +
(import 'requests.libsonnet')
