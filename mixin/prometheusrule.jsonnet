// The mixin's alerts and recording rules as one object for the Prometheus
// operator.
function(version)
  local mixin = import 'mixin.libsonnet';
  std.manifestYamlDoc({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: {
      name: 'pod-count-exporter',
      namespace: 'pod-count-exporter',
      labels: {
        'app.kubernetes.io/name': 'pod-count-exporter',
        'app.kubernetes.io/instance': 'pod-count-exporter',
        'app.kubernetes.io/component': 'exporter',
        'app.kubernetes.io/part-of': 'monitoring',
        'app.kubernetes.io/managed-by': 'kustomize',
        'app.kubernetes.io/version': version,
      },
    },
    spec: { groups: mixin.prometheusRules.groups + mixin.prometheusAlerts.groups },
  }, indent_array_in_object=true, quote_keys=false) + '\n'
