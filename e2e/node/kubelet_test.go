//go:build e2e

package node

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
)

// TestKubeletRunningPods holds docs/wrong-counts.md against a real kubelet. One pod
// waits for a volume: it is bound and has no sandbox, so it is active and does not
// run. One has finished: it is neither.
func TestKubeletRunningPods(t *testing.T) {
	requireNode(t)
	r := deploy(t, "kubelet", settings{})
	removeLater(t, countedPods)
	explain(t, "counted")
	apply(t, countedPods)
	eventually(t, "a pod has finished, and one waits", func() error {
		phases := kubectl(t, "-n", "counted", "get", "pods", "-o", "jsonpath={.items[*].status.phase}")
		if phases != "Succeeded Pending" {
			return fmt.Errorf("phases %q", phases)
		}
		return nil
	})
	r.wantCount(t)
	pattern := regexp.MustCompile(`(?m)^node_active_pods\{cluster="` + r.cluster + `",node="` + nodeName + `"\} (\d+)$`)
	eventually(t, "one pod more is active than runs", func() error {
		running, err := metricOf(kubectl(t, "get", "--raw", "/api/v1/nodes/"+nodeName+"/proxy/metrics"), regexp.MustCompile(`(?m)^kubelet_running_pods (\d+)$`))
		if err != nil {
			return err
		}
		body, err := r.scrape(t)
		if err != nil {
			return err
		}
		active, err := metricOf(body, pattern)
		if err == nil && active != running+1 {
			err = fmt.Errorf("%d active, %d running", active, running)
		}
		return err
	})
}

func metricOf(exposition string, pattern *regexp.Regexp) (int, error) {
	match := pattern.FindStringSubmatch(exposition)
	if match == nil {
		return 0, fmt.Errorf("no series %s", pattern)
	}
	return strconv.Atoi(match[1])
}

// countedPods are in the order of their names.
const countedPods = `apiVersion: v1
kind: Namespace
metadata: {name: counted}
---
apiVersion: v1
kind: Pod
metadata: {name: finished, namespace: counted}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  containers:
  - {name: exporter, image: "localhost/pod_count_exporter:e2e", imagePullPolicy: Never, args: ["--version"]}
---
apiVersion: v1
kind: Pod
metadata: {name: waiting, namespace: counted}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 1
  containers:
  - name: pause
    image: localhost/pause:1
    imagePullPolicy: Never
    volumeMounts: [{name: missing, mountPath: /missing}]
  volumes:
  - {name: missing, configMap: {name: missing}}
`
