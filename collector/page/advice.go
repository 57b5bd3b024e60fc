package page

import "github.com/kube-node-manager/pod_count_exporter/collector/podcount"

// advice returns what to try first in the cluster's condition.
func (c Cluster) advice() string {
	switch state := c.condition(); {
	case state == unusable:
		return "Mend the kubeconfig: it is read again when its file changes."
	case state == withdrawn && c.followed():
		return "The streams of its events are open and silent. If the server sends no bookmarks, raise --collector.max-staleness; otherwise see whether a proxy holds events back."
	case state == withdrawn:
		return "Counts are begun by scrapes: see whether Prometheus scrapes this exporter, and how far the count below has come."
	}
	return adviceOn(c.Reason, redirected(c.Err))
}

// adviceOn returns what to try first after a failure. redirected says that the server
// answered with a redirect.
func adviceOn(reason string, redirected bool) string {
	if redirected {
		return "Let server in the kubeconfig name the API server itself: what is there now sends requests elsewhere, and redirects are not followed."
	}
	if text, known := byReason()[podcount.Reason(reason)]; known {
		return text
	}
	return "The exporter's log has more."
}

// byReason is the first thing to try for each reason; docs/troubleshooting.md has
// the rest.
func byReason() map[podcount.Reason]string {
	return map[podcount.Reason]string{
		podcount.Timeout:      "Pages shrink by themselves. If it goes on, see whether the API server is overloaded, or raise --collector.page-timeout.",
		podcount.Throttled:    "Give the exporter's account a flow schema with a higher priority, or raise --collector.cache-ttl.",
		podcount.Expired:      "The count goes on by itself. If it happens in each count, let pages grow (--collector.max-page-size).",
		podcount.Unauthorized: "Renew the token or certificate. A credential plugin must be installed where the exporter runs.",
		podcount.Forbidden:    "Let the account list pods and nodes in the whole cluster, and in watch mode watch them.",
		podcount.Server:       "See the API server's own log and metrics.",
		podcount.Network:      "Check the address, the network policy and the certificate authority in the kubeconfig.",
		podcount.Malformed:    "Something between the exporter and the API server answers in its place, a proxy's login page for instance. If a budget is exceeded, raise the memory limit and GOMEMLIMIT, or use shards.",
	}
}
