// What the API servers do to the requests for pages.
local alert = import '../lib/alert.libsonnet';

{
  local config = $._config,

  // Requests for a page that fail for one of the reasons, for each cluster. HA
  // replicas add up: each of them asks.
  local failing(reasons, window) =
    'sum by (%s) (rate(pod_count_page_failures_total{%s,reason=~"%s"}[%s])) > 0'
    % [config.clusterLabel, config.podCountSelector, reasons, window],

  prometheusAlerts+:: {
    groups+: [{
      name: 'pod-count-api',
      rules: [
        alert.new(
          config,
          'KubernetesAPITimeout',
          failing('timeout', config.rateWindow),
          config.failuresFor,
          'The Kubernetes API server does not answer in time.',
          'Requests for pages of pods keep running into their deadline on cluster {{ $labels.%s }}.' % config.clusterLabel,
          config.keepFiringFor,
        ),
      ] + (if !config.logAlerts then [] else [
             alert.new(
               config,
               'KubernetesAPITimeoutLogged',
               'sum by (%s) (rate(log_messages_total{%s,level="warning",message=~".*deadline exceeded.*"}[%s])) > 0'
               % [config.clusterLabel, config.podCountSelector, config.rateWindow],
               config.failuresFor,
               'The log keeps saying that deadlines of the Kubernetes API server were exceeded.',
               'The exporter keeps logging deadlines that were exceeded on cluster {{ $labels.%s }}.' % config.clusterLabel,
               config.keepFiringFor,
             ),
           ]) + [
        alert.new(
          config,
          'PodCountPageFailures',
          'cluster:pod_count_page_failures:ratio_rate%s > %s' % [config.rateWindow, config.pageFailureRatio],
          config.failuresFor,
          'Many requests for pages of pods fail.',
          '{{ $value | humanizePercentage }} of the requests for pages fail on cluster {{ $labels.%s }}.' % config.clusterLabel,
          config.keepFiringFor,
        ),
        alert.new(
          config,
          'PodCountAccessDenied',
          failing('unauthorized|forbidden', config.accessDeniedWindow),
          config.accessDeniedFor,
          'The exporter may not list pods or nodes.',
          'The API server of cluster {{ $labels.%s }} refuses the credentials of the exporter. This does not heal by itself.' % config.clusterLabel,
        ),
        alert.new(
          config,
          'PodCountThrottled',
          failing('throttled', config.rateWindow),
          config.failuresFor,
          'The Kubernetes API server throttles the exporter.',
          'The API server of cluster {{ $labels.%s }} keeps answering the exporter with 429 Too Many Requests.' % config.clusterLabel,
          config.keepFiringFor,
        ),
      ],
    }],
  },
}
