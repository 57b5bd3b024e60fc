// What Alertmanager need not tell while something worse, or its cause, is told.
{
  local config = $._config,
  local c = config.clusterLabel,
  local sharing(labels, source, targets) = {
    source_matchers: ['alertname="%s"' % source],
    target_matchers: ['alertname=~"%s"' % std.join('|', targets)],
    equal: labels,
  },
  local symptoms = ['KubernetesAPITimeoutLogged', 'PodCountPageFailures', 'PodCountFailing', 'PodCountIncomplete', 'PodCountSlow'],

  alertmanagerInhibition+:: {
    inhibit_rules+: [
      // Refused credentials explain everything that happens to the counts.
      sharing([c], 'PodCountAccessDenied', ['KubernetesAPITimeout', 'PodCountThrottled', 'PodCountStale'] + symptoms),
      // Nobody counts: that counts are old is no news.
      sharing([c], 'PodCountExporterDown', ['PodCountStale'] + symptoms),
      sharing([c], 'PodCountStale', ['PodCountFailing', 'PodCountIncomplete']),
      sharing([c], 'KubernetesAPITimeout', symptoms),
      sharing([c], 'PodCountThrottled', symptoms),
      sharing([c], 'PodCountNoNodes', ['PodCountDropped', 'PodsOnUnknownNodes']),
      // A node that is full is nearly full too: the lower severity gives way.
      {
        source_matchers: ['alertname="NodePodCapacityFull"', 'severity="%s"' % config.severities.NodePodCapacityFull],
        target_matchers: ['alertname="NodePodCapacityNearlyFull"', 'severity="%s"' % config.severities.NodePodCapacityNearlyFull],
        equal: [c, 'node'],
      },
    ],
  },
}
