// Whether what the streams of watch mode add up to is true. A group of its own, so
// that deployments can add it to the others.
local alert = import '../lib/alert.libsonnet';

{
  local config = $._config,
  local names = { c: config.clusterLabel, sel: config.podCountSelector, window: config.rateWindow },

  prometheusAlerts+:: {
    groups+: if !config.watchAlerts then [] else [{
      name: 'pod-count-watch',
      rules: [
        // The gauge stays above 0 from the audit that found a difference until one of
        // the new start agrees, which takes two minutes and the time of two lists.
        // Scrapes that are further apart may miss it, and so may all when the audit of
        // the new start differs too: the cluster is listed then, which ends the gauge.
        // The counter of audits has both. Sums below zero are found without an audit.
        alert.new(
          config,
          'PodCountWatchDrift',
          |||
            max by (%(c)s) (max_over_time(pod_count_watch_drift_pods{%(sel)s}[%(window)s])) > 0
            or
            sum by (%(c)s) (increase(pod_count_watch_audits_total{%(sel)s,result="different"}[%(window)s])) > 0
            or
            sum by (%(c)s) (increase(pod_count_watch_restarts_total{%(sel)s,reason="drift"}[%(window)s])) > 0
          ||| % names,
          '0s',
          'The events of a watch do not add up to the pods that are listed.',
          'What the API server of cluster {{ $labels.%(c)s }} sent as events is not what it lists. The pods were listed anew; the log names the nodes.' % names,
          config.keepFiringFor,
        ),
      ],
    }],
  },
}
