// Every setting of the mixin, with its default. Change them from outside:
//   (import 'mixin.libsonnet') + { _config+:: { cacheTTLSeconds: 1800 } }
// lib/settings.libsonnet says what each may be; anything else ends the rendering
// with the setting's name.
//
// What the exporter is set to is not repeated here: rules read it from
// pod_count_cache_ttl_seconds, pod_count_max_staleness_seconds, pod_count_clusters
// and pod_count_shard_info. The exception are windows, which PromQL cannot take
// from a series: they follow from cacheTTLSeconds and scrapeIntervalSeconds.
local duration = import 'lib/duration.libsonnet';
local settings = import 'lib/settings.libsonnet';

local severities = {
  KubernetesAPITimeout: 'warning',
  KubernetesAPITimeoutLogged: 'warning',
  PodCountPageFailures: 'warning',
  PodCountAccessDenied: 'critical',
  PodCountThrottled: 'warning',
  PodCountStale: 'critical',
  PodCountFailing: 'warning',
  PodCountIncomplete: 'warning',
  PodCountSlow: 'warning',
  PodCountInconsistent: 'info',
  PodCountDropped: 'warning',
  PodCountNoNodes: 'critical',
  PodCountExporterDown: 'critical',
  PodCountShardMissing: 'critical',
  PodCountExporterRestarting: 'warning',
  PodCountPanics: 'warning',
  PodCountWatchDrift: 'warning',
  PodCountConfigReloadFailed: 'warning',
  PodCountConfigInvalid: 'warning',
  NodePodCapacityNearlyFull: 'info',
  NodePodCapacityFull: 'warning',
  ClusterPodCapacityFull: 'critical',
  PodsWithoutNode: 'info',
  PodsOnUnknownNodes: 'warning',
};

{
  _config+:: {
    local config = self,
    assert settings.check(config, std.objectFields(severities)),

    // Picks the exporter's series. node_active_pods begins like a metric of
    // node_exporter, and api_requests_total and log_messages_total are names
    // that other programs use, so every expression carries it. The default
    // fits deploy/kubernetes and a scrape job of the program's name.
    podCountSelector: 'job=~"pod[-_]count[-_]exporter"',

    // The label that tells clusters apart. The exporter sets it to "cluster".
    // README.md says when it has to be another one.
    clusterLabel: 'cluster',

    // Where the runbooks are; %s is the alert's name.
    runbookURLPattern: 'https://github.com/kube-node-manager/pod_count_exporter/blob/main/mixin/runbooks/%s.md',

    // The longest --collector.cache-ttl and the longest scrape interval among the
    // exporters, in seconds. Windows follow from the two.
    cacheTTLSeconds: 300,
    scrapeIntervalSeconds: 60,

    // Window of rates. Within it must be counts and scrapes, or rates come and
    // go: two cache TTLs and four scrapes at least.
    rateWindow: duration.longest([2 * config.cacheTTLSeconds, 4 * config.scrapeIntervalSeconds]),
    // Window of a count's duration: several counts must be in it.
    durationWindow: duration.longest([6 * config.cacheTTLSeconds, 4 * config.scrapeIntervalSeconds, config.rateWindow]),
    // How long a restart may take an exporter away before what it said is
    // forgotten.
    restartWindow: duration.longest(['10m', 4 * config.scrapeIntervalSeconds]),

    // How long failures must last. On top of that, they must be in three windows
    // of rates in a row, or the latest count must have failed.
    failuresFor: '15m',
    // How long alerts that may flap go on after their condition has ended.
    keepFiringFor: '5m',
    // false leaves keep_firing_for out, which Prometheus refuses before 2.42.
    keepFiring: true,

    // Share of requests for a page that may fail.
    pageFailureRatio: 0.01,

    accessDeniedFor: '10m',
    // It inhibits others, some of which look back for a rateWindow: it must not end
    // before them, or they are told when all is well again.
    accessDeniedKeepFiringFor: duration.sum([config.rateWindow, config.keepFiringFor, config.keepFiringFor]),

    // Age of a snapshot that is too old, in cache TTLs: so many counts less one
    // were missed.
    staleTTLs: 3,
    staleFor: '5m',
    // How long a first count may take.
    incompleteFor: '15m',

    // Share of the cache TTL that a count may take on average. Beyond 1 the
    // exporter would count without a pause.
    slowRatio: 0.8,
    slowFor: '15m',

    // Several counts in a row show more than one moment.
    inconsistentFor: config.durationWindow,

    // A cluster with at least droppedMinPods has lost more than this share of
    // its pods against droppedOffset ago.
    droppedRatio: 0.5,
    droppedMinPods: 100,
    droppedOffset: '30m',
    droppedFor: '5m',

    // A cluster that had nodes within this time has none.
    noNodesMemory: '1d',
    noNodesFor: '15m',

    downFor: '10m',
    // How long clusters are remembered, at most, whose exporter has left the scrape
    // configuration while others stay. Those of a target that is down are
    // remembered until it is back.
    goneMemory: '1h',
    shardMissingFor: '15m',

    // More starts of the process than these within the window are a crash loop.
    restarts: 2,
    restartsWindow: duration.longest(['30m', 8 * config.scrapeIntervalSeconds]),

    configFor: '10m',

    // Shares of the pods that a node can take.
    nearlyFullRatio: 0.9,
    fullRatio: 1,
    // Share of the pods that all nodes of a cluster can take.
    clusterFullRatio: 0.95,
    capacityFor: '15m',
    // Nodes that can take no more than this are left out of the alerts on
    // capacity: on Fargate every pod has a node of its own, always full.
    singlePodNodes: 1,

    // Pods that stay without a node, or on one that does not exist.
    podsWithoutNode: 0,
    unknownNodePods: 0,
    podsStayFor: '30m',

    // KubernetesAPITimeout from the log's messages too, for those who have built
    // on them.
    logAlerts: false,

    // PodCountWatchDrift, for exporters that run with --collector.mode=watch.
    watchAlerts: false,

    // Severities by alert. A node that is full is no emergency, and why pods have
    // no node the exporter does not know: see the runbooks.
    severities: severities,

    // Dashboards.
    dashboardNamePrefix: 'Pod Count / ',
    dashboardTags: ['pod-count'],
    // No faster than the scrape.
    dashboardRefresh: '1m',
    dashboardFrom: 'now-6h',
    dashboardTimezone: 'browser',
    // uid of a dashboard with the variables cluster and node, to which the tables
    // of nodes link. kubernetes-mixin's "Kubernetes / Compute Resources / Node
    // (Pods)" is std.md5('k8s-resources-node.json'). Empty: no links.
    nodeDashboardUID: '',
  },
}
