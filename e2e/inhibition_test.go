//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestOneCauseIsToldOnce has a token expire: Prometheus fires several alerts, and
// Alertmanager, with the mixin's inhibition, tells one.
func TestOneCauseIsToldOnce(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, append(clusterArgs(22, 10, 300), "--unscheduled=0", "--unknown-node=0")...)
	p := startFaultProxy(t, cp, true)
	e := startExporter(t, p.kubeconfig(t, accountToken(t, cp)), "--kubernetes.cluster-name=production", "--collector.cache-ttl=5s", "--collector.max-staleness=20m")
	hook := startWebhook(t)
	mixin := generateMixin(t, impatient)
	manager := startAlertmanager(t, hook, filepath.Join(mixin, "alertmanager", "inhibit_rules.yaml"))
	prom := startPrometheusWithMixin(t, mixin, manager, e)
	eventually(t, "the cluster is counted", func() bool { return len(prom.query(t, `pod_count_success == 1`)) == 1 })

	p.inject(func(page) bool { return true }, status(http.StatusUnauthorized), forever)
	hook.await(t, "PodCountAccessDenied", "firing")
	for _, alert := range []string{"PodCountStale", "PodCountPageFailures"} {
		eventually(t, alert+" fires in Prometheus", func() bool {
			return len(prom.query(t, fmt.Sprintf(`ALERTS{alertname=%q,alertstate="firing"}`, alert))) == 1
		})
	}
	// Several evaluations and group intervals later, they would have been told.
	began := time.Now()
	eventually(t, "half a minute has passed", func() bool { return time.Since(began) > 30*time.Second })
	told := map[string]bool{}
	for _, n := range hook.received() {
		told[n.Labels["alertname"]] = true
	}
	if len(told) != 1 || !told["PodCountAccessDenied"] {
		t.Errorf("alerts that were told: %v, want PodCountAccessDenied only", told)
	}
	p.heal()
	hook.await(t, "PodCountAccessDenied", "resolved")
	if again := slices.ContainsFunc(hook.received(), func(n notification) bool {
		return n.Labels["alertname"] != "PodCountAccessDenied" && n.Status == "firing"
	}); again {
		t.Errorf("when the cause ended, its symptoms were told: %v", hook.received())
	}
}
