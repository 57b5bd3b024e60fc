//go:build e2e

package node

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scaledTo is how many pods a Deployment is scaled to, and scaledWithin how long two
// busy cores may take to start or to replace that many.
const (
	scaledTo     = 100
	scaledWithin = 5 * time.Minute
)

// TestWatch has a Deployment scaled up, rolled out, evicted and scaled down. At each
// quiet point the count is that of kubectl describe node, and nothing was listed for
// it.
func TestWatch(t *testing.T) {
	requireNode(t)
	r := deploy(t, "watch", settings{components: []string{"watch"}})
	r.wantCount(t)
	manifests := fmt.Sprintf(scaledDeployment, 0)
	removeLater(t, manifests)
	apply(t, manifests)
	before := r.counters(t)

	scale := func(replicas int) {
		kubectl(t, "-n", "scaled", "scale", "deployment/scaled", fmt.Sprint("--replicas=", replicas))
		kubectl(t, "-n", "scaled", "rollout", "status", "deployment/scaled", "--timeout="+scaledWithin.String())
	}
	scale(scaledTo)
	r.wantCount(t)
	kubectl(t, "-n", "scaled", "set", "env", "deployment/scaled", "AGAIN=yes")
	kubectl(t, "-n", "scaled", "rollout", "status", "deployment/scaled", "--timeout="+scaledWithin.String())
	r.wantCount(t)
	// Those of before may still be ending, and be gone at any moment.
	const staying = `go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}`
	for _, pod := range strings.Fields(kubectl(t, "-n", "scaled", "get", "pods", "-o", staying))[:10] {
		eviction := fmt.Sprintf(`{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":%q,"namespace":"scaled"}}`, pod)
		if out, err := tryKubectl(context.Background(), eviction, "create", "--raw", "/api/v1/namespaces/scaled/pods/"+pod+"/eviction", "-f", "-"); err != nil {
			t.Fatalf("evicting %s: %v\n%s", pod, err, out)
		}
	}
	r.wantCount(t)
	scale(0)
	r.wantCount(t)

	after := r.counters(t)
	if bound := after["pod_count_bound_total"] - before["pod_count_bound_total"]; bound < 2*scaledTo+10 {
		t.Errorf("%d pods were bound, want %d at least", bound, 2*scaledTo+10)
	}
	if lists := after["pod_count_pages_total"] - before["pod_count_pages_total"]; lists > 1 { // an audit
		t.Errorf("%d pages of pods were listed meanwhile, want one at most", lists)
	}
	if after["pod_count_watch_drift_pods"] != 0 {
		t.Errorf("drift of %d pods", after["pod_count_watch_drift_pods"])
	}
}

// counters are the metrics that have one series for the cluster.
func (r *release) counters(t *testing.T) map[string]int {
	t.Helper()
	body, err := r.scrape(t)
	must(t, err)
	values := map[string]int{}
	for _, match := range regexp.MustCompile(`(?m)^(pod_count_\w+)\{cluster="[^"]*"\} (\d+)$`).FindAllStringSubmatch(body, -1) {
		number, err := strconv.Atoi(match[2])
		must(t, err)
		values[match[1]] = number
	}
	return values
}

const scaledDeployment = `apiVersion: v1
kind: Namespace
metadata: {name: scaled}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: scaled, namespace: scaled}
spec:
  replicas: %d
  strategy: {rollingUpdate: {maxSurge: 5, maxUnavailable: 30}}
  selector: {matchLabels: {app: scaled}}
  template:
    metadata: {labels: {app: scaled}}
    spec:
      terminationGracePeriodSeconds: 1
      automountServiceAccountToken: false
      containers:
      - {name: pause, image: "localhost/pause:1", imagePullPolicy: Never}
`
