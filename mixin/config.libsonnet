// Every setting of the mixin, with its default. Change them from outside:
//   (import 'mixin.libsonnet') + { _config+:: { staleAfterSeconds: 600 } }
{
  _config+:: {
    // Picks the exporter's series. node_active_pods begins like a metric of
    // node_exporter, and api_requests_total and log_messages_total are names
    // that other programs use, so every expression carries it. The default
    // fits deploy/kubernetes and a scrape job of the program's name.
    podCountSelector: 'job=~"pod[-_]count[-_]exporter"',

    // The label that tells clusters apart. The exporter sets it to "cluster".
    clusterLabel: 'cluster',

    // Where the runbooks are; %s is the alert's name.
    runbookURLPattern: 'https://github.com/kube-node-manager/pod_count_exporter/blob/main/mixin/runbooks/%s.md',

    // The exporter's --collector.cache-ttl, in seconds: a cluster is counted
    // about once in this time.
    cacheTTLSeconds: 300,

    // Window of rates. At least twice the cache TTL: within a window there must
    // be counts, or rates come and go.
    rateWindow: '10m',
    // Window of a count's duration: several counts must be in it.
    durationWindow: '30m',

    // One page that times out is tried again for some minutes, and shows in a
    // rate for rateWindow after that. Failures that outlast this keep coming.
    // So it must be longer than rateWindow and those minutes together.
    failuresFor: '15m',
    // How long alerts that may flap go on after their condition has ended.
    keepFiringFor: '5m',

    // Share of requests for a page that may fail.
    pageFailureRatio: 0.01,

    // Refused credentials fail every count, and a failed count is repeated with
    // every scrape, so a short window is enough.
    accessDeniedWindow: '5m',
    accessDeniedFor: '10m',

    // Age of a snapshot that is too old: three counts were missed.
    staleAfterSeconds: 900,
    staleFor: '5m',
    // How long a first count may take.
    incompleteFor: '15m',

    // Share of the cache TTL that a count may take on average. Beyond 1 the
    // exporter would count without a pause.
    slowRatio: 0.8,
    slowFor: '15m',

    inconsistentFor: '30m',

    // A cluster with at least droppedMinPods has lost more than this share of
    // its pods against droppedOffset ago.
    droppedRatio: 0.5,
    droppedMinPods: 100,
    droppedOffset: '30m',
    droppedFor: '5m',

    // How long a cluster is remembered that nobody reports any more. One that
    // was taken out of the configuration on purpose alerts for as long.
    downMemory: '1h',
    downFor: '10m',

    reloadFailedFor: '10m',

    // Share of a node's allocatable pods.
    nearlyFullRatio: 0.9,
    capacityFor: '15m',
    // Nodes that can take no more than this are left out of the alerts on
    // capacity: on Fargate every pod has a node of its own, always full.
    singlePodNodes: 1,

    // Pods that stay without a node, or on one that does not exist.
    unschedulablePods: 0,
    unknownNodePods: 0,
    podsStayFor: '30m',

    // KubernetesAPITimeout from the log's messages too, for those who have built
    // on them.
    logAlerts: false,
    // Alerts for --collector.mode=watch. Off: without it they have no series.
    watchMode: false,
    // Pods by which a watched count may differ from the list that checks it.
    watchDriftPods: 0,

    // Severities by alert.
    severities: {
      KubernetesAPITimeout: 'warning',
      KubernetesAPITimeoutLogged: 'warning',
      PodCountPageFailures: 'warning',
      PodCountAccessDenied: 'critical',
      PodCountThrottled: 'warning',
      PodCountStale: 'critical',
      PodCountIncomplete: 'warning',
      PodCountSlow: 'warning',
      PodCountInconsistent: 'info',
      PodCountDropped: 'warning',
      PodCountWatchDrift: 'warning',
      PodCountExporterDown: 'critical',
      PodCountConfigReloadFailed: 'warning',
      NodePodCapacityNearlyFull: 'warning',
      NodePodCapacityFull: 'critical',
      PodsUnschedulable: 'warning',
      PodsOnUnknownNodes: 'warning',
    },

    // Dashboards.
    dashboardNamePrefix: 'Pod Count / ',
    dashboardTags: ['pod-count'],
    // No faster than the scrape.
    dashboardRefresh: '1m',
    dashboardFrom: 'now-6h',
    dashboardTimezone: 'browser',
  },
}
