//go:build e2e

package node

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
)

// namespaceOf is a namespace that holds its pods to a Pod Security Standard.
func namespaceOf(name, standard string) string {
	return fmt.Sprintf(`
---
apiVersion: v1
kind: Namespace
metadata: {name: %s, labels: {pod-security.kubernetes.io/enforce: %s}}
`, name, standard)
}

const anyPod = `
---
apiVersion: v1
kind: Pod
metadata: {name: any, namespace: %s}
spec:
  terminationGracePeriodSeconds: 1
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: pause
    image: registry.example.com/beside:1
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

// existingAccount is an account and a role that are there before the release.
func existingAccount(_ *testing.T, namespace string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: counter, namespace: %s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: pod-lister}
rules:
- {apiGroups: [""], resources: [pods, nodes], verbs: [list]}
`, namespace)
}

// rightsOfOthers let the namespace's own account count.
func rightsOfOthers(_ *testing.T, namespace string) string {
	return rights(namespace, "default", "list")
}

// rightsToWatch let the chart's account count and follow.
func rightsToWatch(_ *testing.T, namespace string) string {
	return rights(namespace, namespace+"-pod-count-exporter", "list, watch")
}

func rights(namespace, account, verbs string) string {
	return fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %[1]s-any}
rules:
- {apiGroups: [""], resources: [pods, nodes], verbs: [%[3]s]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %[1]s-any}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %[1]s-any}
subjects:
- {kind: ServiceAccount, name: %[2]s, namespace: %[1]s}
`, namespace, account, verbs)
}

// serverWithPassword is all of the server's files in one Secret.
func serverWithPassword(t *testing.T, namespace string) string {
	t.Helper()
	authority := newAuthority(t)
	certificate, key := authority.issueServer(t, chartHost)
	return secret(t, namespace, "web", map[string]string{"web.yml": webConfig(t), "tls.crt": certificate, "tls.key": key})
}

func kubeconfigsAndTokens(t *testing.T, namespace string) string {
	t.Helper()
	return kubeconfigsAs("clusters")(t, namespace) + secret(t, namespace, "tokens", map[string]string{"any": "thing"})
}

// podsIn are the pods of some namespaces, all of which are on the one node.
func podsIn(namespaces ...string) func(*testing.T, *release) (int, error) {
	return func(t *testing.T, _ *release) (int, error) {
		t.Helper()
		number := 0
		for _, namespace := range namespaces {
			number += len(strings.Fields(kubectl(t, "-n", namespace, "get", "pods", "--output=name")))
		}
		return number, nil
	}
}

// wantNodePort asks by the way that the Service has on each node.
func wantNodePort(t *testing.T, _ *release, _ *monitoring) {
	t.Helper()
	address := url.URL{Scheme: "https", Host: os.Getenv("NODE_IP") + ":30120", Path: "/metrics", User: url.UserPassword("prometheus", password)}
	eventually(t, "the node's port answers", func() error {
		_, err := getWith(t, trustingClient(t), address.String())
		return err
	})
	address.User = url.UserPassword("prometheus", "a wrong one")
	if _, err := getWith(t, trustingClient(t), address.String()); err == nil || !strings.Contains(err.Error(), "status 401") {
		t.Errorf("a wrong password: %v, want status 401", err)
	}
}

// wantPinnedImage sees that the digest has won over the tag.
func wantPinnedImage(t *testing.T, r *release, _ *monitoring) {
	t.Helper()
	if image := r.image(t); image != pinnedImage {
		t.Errorf("the image is %s, want %s", image, pinnedImage)
	}
}

// wantChangedAlert sees the changes of the values in the rules of Prometheus.
func wantChangedAlert(t *testing.T, r *release, m *monitoring) {
	t.Helper()
	eventually(t, "Prometheus has the changed alert", func() error {
		body, err := get(t, m.prometheus+"/api/v1/rules?type=alert")
		if err != nil {
			return err
		}
		var answer struct {
			Data struct {
				Groups []struct {
					File  string `json:"file"`
					Rules []struct {
						Name     string            `json:"name"`
						Duration float64           `json:"duration"` // seconds
						Labels   map[string]string `json:"labels"`
					} `json:"rules"`
				} `json:"groups"`
			} `json:"data"`
		}
		must(t, json.Unmarshal([]byte(body), &answer))
		found := map[string]string{}
		for _, group := range answer.Data.Groups {
			if !strings.Contains(group.File, r.name()) {
				continue
			}
			for _, rule := range group.Rules {
				found[rule.Name] = fmt.Sprint(rule.Labels["severity"], " ", rule.Labels["team"], " ", rule.Duration)
			}
		}
		if _, ok := found["PodCountSlow"]; ok || found["NodePodCapacityFull"] != "critical platform 300" {
			return fmt.Errorf("alerts %q", found)
		}
		return nil
	})
}
