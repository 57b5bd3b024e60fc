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
        // A difference ends with the new start that it causes, and the gauge is back
        // at 0 two minutes later: a scrape may miss it, which the counter does not
        // let happen. An audit that differs again counts no restart, since the
        // cluster is listed then.
        alert.new(
          config,
          'PodCountWatchDrift',
          |||
            max by (%(c)s) (max_over_time(pod_count_watch_drift_pods{%(sel)s}[%(window)s])) > 0
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
