// What the API servers do to the requests for pages.
local alert = import '../lib/alert.libsonnet';
local duration = import '../lib/duration.libsonnet';
local number = import '../lib/number.libsonnet';

{
  local config = $._config,
  local c = config.clusterLabel,
  local where = 'cluster {{ $labels.%s }}' % c,

  // One page that times out, and one more with the next count, are every day's
  // life. lasting is true when the condition holds in three windows in a row, so
  // that failures keep coming with the counts, for two failures cannot be in
  // three windows; or when the latest count of no replica was complete. HA
  // replicas add up: each of them asks.
  local lasting(condition) = |||
    %(now)s
    and on (%(c)s) (
      %(once)s
      and on (%(c)s) %(twice)s
      or
      cluster:pod_count_success:max == 0
    )
  ||| % {
    now: condition(''),
    once: condition(' offset ' + config.rateWindow),
    twice: condition(' offset ' + duration.format(2 * duration.parse(config.rateWindow))),
    c: c,
  },
  local rate(metric, matchers) = function(offset)
    'sum by (%s) (rate(%s{%s,%s}[%s]%s)) > 0' % [c, metric, config.podCountSelector, matchers, config.rateWindow, offset],
  local failing(reason) = rate('pod_count_page_failures_total', 'reason="%s"' % reason),

  prometheusAlerts+:: {
    groups+: [{
      name: 'pod-count-api',
      rules: [
        alert.new(
          config,
          'KubernetesAPITimeout',
          lasting(failing('timeout')),
          config.failuresFor,
          'The Kubernetes API server does not answer in time.',
          'Requests for pages of pods keep running into their deadline on %s.' % where,
          config.keepFiringFor,
        ),
      ] + (if !config.logAlerts then [] else [
             alert.new(
               config,
               'KubernetesAPITimeoutLogged',
               lasting(rate('log_messages_total', 'level="warning",message=~".*deadline exceeded.*"')),
               config.failuresFor,
               'The log keeps saying that deadlines of the Kubernetes API server were exceeded.',
               'The exporter keeps logging deadlines that were exceeded on %s.' % where,
               config.keepFiringFor,
             ),
           ]) + [
        alert.new(
          config,
          'PodCountPageFailures',
          lasting(function(offset) 'cluster:pod_count_page_failures:ratio_rate%s%s > %s' % [config.rateWindow, offset, number.text(config.pageFailureRatio)]),
          config.failuresFor,
          'Many requests for pages of pods fail.',
          '{{ $value | humanizePercentage }} of the requests for pages fail on %s.' % where,
          config.keepFiringFor,
        ),
        // An account that may list pods and not nodes is refused with each count,
        // and counts all the same.
        alert.new(
          config,
          'PodCountAccessDenied',
          |||
            sum by (%(c)s) (
              sum by (%(c)s, job, instance) (rate(pod_count_page_failures_total{%(sel)s,reason=~"unauthorized|forbidden"}[%(window)s]))
              unless on (%(c)s, job, instance) pod_count_success{%(sel)s} == 1
            ) > 0
          ||| % { c: c, sel: config.podCountSelector, window: config.rateWindow },
          config.accessDeniedFor,
          'The exporter may not list pods or nodes.',
          'The API server of %s refuses the credentials of the exporter. This does not heal by itself.' % where,
          config.accessDeniedKeepFiringFor,
        ),
        alert.new(
          config,
          'PodCountThrottled',
          lasting(failing('throttled')),
          config.failuresFor,
          'The Kubernetes API server throttles the exporter.',
          'The API server of %s keeps answering the exporter with 429 Too Many Requests.' % where,
          config.keepFiringFor,
        ),
      ],
    }],
  },
}
