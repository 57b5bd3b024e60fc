// Which exporters there are, which clusters each reports, and whose numbers
// count. A target is told by job and instance: with targets from /sd, each
// cluster of an exporter is one.
local rule = (import '../lib/rule.libsonnet').new;

{
  local config = $._config,
  local names = { c: config.clusterLabel, sel: config.podCountSelector, restart: config.restartWindow, ttl: '%d' % config.cacheTTLSeconds },

  prometheusRules+:: {
    groups+: [{
      name: 'pod-count-reporters.rules',
      rules: [
        // up may be missing where series come by federation or remote write.
        rule('instance:pod_count_up:group', |||
          group by (job, instance) (up{%(sel)s} == 1 or pod_count_clusters{%(sel)s} or pod_count_success{%(sel)s})
        ||| % names),
        // Processes, also where their clusters are targets of their own.
        rule('job:pod_count_clusters:count', 'count by (job) (pod_count_clusters{%(sel)s})' % names),
        // The clusters that each exporter reports. What it said last stays while
        // it is down, and goes when it is back without the cluster: then the
        // cluster was taken out on purpose.
        rule('cluster_instance:pod_count_success:group', |||
          group by (%(c)s, job, instance) (pod_count_success{%(sel)s} or pod_count_last_success_timestamp_seconds{%(sel)s})
          or
          (
            last_over_time(cluster_instance:pod_count_success:group[1h])
            unless on (job, instance) instance:pod_count_up:group
            and on (job, instance) (up{%(sel)s} == 0)
          )
          or
          (
            last_over_time(cluster_instance:pod_count_success:group[1h])
            and on () absent(instance:pod_count_up:group)
          )
        ||| % names),
        // Of the replicas that count a cluster, the one with the newest complete
        // count. Numbers are taken from it alone, never from two at once.
        rule('cluster_instance:pod_count_last_success_timestamp_seconds:topk', |||
          topk by (%(c)s) (1, max by (%(c)s, job, instance) (pod_count_last_success_timestamp_seconds{%(sel)s} or pod_count_success{%(sel)s}))
        ||| % names),
        // A restart sets the time to 0, but the numbers on people's screens are as
        // old as before it.
        rule('cluster:pod_count_last_success_timestamp_seconds:max', |||
          max by (%(c)s) (pod_count_last_success_timestamp_seconds{%(sel)s}) > 0
          or
          (
            last_over_time(cluster:pod_count_last_success_timestamp_seconds:max[1h])
            and on (%(c)s) cluster_instance:pod_count_success:group
            and on (%(c)s) last_over_time(pod_count_last_success_timestamp_seconds{%(sel)s}[%(restart)s])
          )
        ||| % names),
        // Targets from /sd have the gauge on a target of its own, hence the job;
        // an exporter that does not say is taken at cacheTTLSeconds.
        rule('cluster:pod_count_cache_ttl_seconds:max', |||
          max by (%(c)s) (
            cluster_instance:pod_count_success:group
            * on (job, instance) group_left () max by (job, instance) (last_over_time(pod_count_cache_ttl_seconds{%(sel)s}[%(restart)s]))
          )
          or
          max by (%(c)s) (
            cluster_instance:pod_count_success:group
            * on (job) group_left () max by (job) (last_over_time(pod_count_cache_ttl_seconds{%(sel)s}[%(restart)s]))
          )
          or
          group by (%(c)s) (cluster_instance:pod_count_success:group) * %(ttl)s
        ||| % names),
        rule('cluster:pod_count_success:max', 'max by (%(c)s) (pod_count_success{%(sel)s})' % names),
      ],
    }],
  },
}
