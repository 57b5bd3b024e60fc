//go:build e2e

package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const (
	password = "correct horse battery staple"
	// passwordHash is the password's, by htpasswd -nBC 10.
	passwordHash = "$2a$10$TMlmj/Jir.7IkoTe66oFEuadyrb4AkDxhf0caE4/4rYaMYJHbnQoa"
)

// passwordSecrets are those of the component tls in an overlay with a prefix.
func passwordSecrets(t *testing.T, name string) string {
	t.Helper()
	return passwordsOf(name+"-pod-count-exporter")(t, name)
}

// passwordsOf are the Secrets of the component tls, for a server of that name.
func passwordsOf(host string) func(t *testing.T, namespace string) string {
	return func(t *testing.T, namespace string) string {
		t.Helper()
		authority := newAuthority(t)
		return serverSecret(t, authority, namespace, host) +
			secret(t, namespace, "pod-count-exporter-web", map[string]string{"web.yml": webConfig(t)}) +
			secret(t, namespace, "pod-count-exporter-scrape", map[string]string{"ca.crt": authority.certificate, "username": "prometheus", "password": password})
	}
}

// webConfig is the component's own, with a password put in.
func webConfig(t *testing.T) string {
	t.Helper()
	return strings.Replace(readFile(t, "../../deploy/kubernetes/components/tls/web.yml"), "BCRYPT_HASH", passwordHash, 1)
}

// certificateSecrets are those of the component client-certificates in an overlay
// with a prefix.
func certificateSecrets(t *testing.T, name string) string {
	t.Helper()
	return certificatesOf(name+"-pod-count-exporter")(t, name)
}

// certificatesOf are the Secrets of the component client-certificates, for a server
// of that name.
func certificatesOf(host string) func(t *testing.T, namespace string) string {
	return func(t *testing.T, namespace string) string {
		t.Helper()
		authority, clients := newAuthority(t), newAuthority(t)
		certificate, key := clients.issue(t, &x509.Certificate{
			Subject: pkix.Name{CommonName: "prometheus"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		})
		return serverSecret(t, authority, namespace, host) +
			secret(t, namespace, "pod-count-exporter-web", map[string]string{
				"web.yml":       readFile(t, "../../deploy/kubernetes/components/client-certificates/web.yml"),
				"client-ca.crt": clients.certificate,
			}) +
			secret(t, namespace, "pod-count-exporter-scrape", map[string]string{"ca.crt": authority.certificate, "tls.crt": certificate, "tls.key": key})
	}
}

// serverSecret is the one that cert-manager would make for the Service.
func serverSecret(t *testing.T, a *authority, namespace, host string) string {
	t.Helper()
	certificate, key := a.issueServer(t, host)
	return secret(t, namespace, "pod-count-exporter-tls", map[string]string{"tls.crt": certificate, "tls.key": key})
}

func secret(t *testing.T, namespace, name string, data map[string]string) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "stringData": data,
		"metadata": map[string]any{"name": name, "namespace": namespace},
	})
	must(t, err)
	return "\n---\n" + string(text)
}

func threeClusters() []string { return []string{"east", "north", "west"} }

// kubeconfigs are those of the component sharded.
func kubeconfigs(t *testing.T, namespace string) string {
	t.Helper()
	return kubeconfigsAs("pod-count-exporter-kubeconfigs")(t, namespace)
}

// kubeconfigsAs is a Secret that names this cluster three times, with the token of an
// account that may list pods and nodes.
func kubeconfigsAs(name string) func(t *testing.T, namespace string) string {
	return func(t *testing.T, namespace string) string {
		t.Helper()
		apply(t, fmt.Sprintf(countingAccount, namespace))
		t.Cleanup(func() {
			// The test's own context has ended.
			_, _ = tryKubectl(context.Background(), "", "delete", "clusterrolebinding,clusterrole", namespace+"-counting")
		})
		admin, err := clientcmd.LoadFromFile(os.Getenv("KUBECONFIG"))
		must(t, err)
		must(t, clientcmdapi.FlattenConfig(admin))
		token := strings.TrimSpace(kubectl(t, "-n", namespace, "create", "token", "counting"))
		files := map[string]string{}
		for _, cluster := range threeClusters() {
			cfg := clientcmdapi.NewConfig()
			cfg.Clusters[cluster] = admin.Clusters[admin.Contexts[admin.CurrentContext].Cluster]
			cfg.AuthInfos[cluster] = &clientcmdapi.AuthInfo{Token: token}
			cfg.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: cluster}
			cfg.CurrentContext = cluster
			data, err := clientcmd.Write(*cfg)
			must(t, err)
			files[cluster+".kubeconfig"] = string(data)
		}
		return secret(t, namespace, name, files)
	}
}

const countingAccount = `apiVersion: v1
kind: ServiceAccount
metadata: {name: counting, namespace: %[1]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %[1]s-counting}
rules:
- {apiGroups: [""], resources: [pods, nodes], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %[1]s-counting}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %[1]s-counting}
subjects:
- {kind: ServiceAccount, name: counting, namespace: %[1]s}
`

// wantShared sees each cluster counted by one replica.
func wantShared(t *testing.T, r *release, m *monitoring) {
	t.Helper()
	eventually(t, "each cluster is counted once", func() error {
		samples, err := m.query(t, fmt.Sprintf(`count by (cluster) (pod_count_success{namespace=%q} == 1)`, r.namespace))
		got := byLabel(samples, "cluster")
		if err == nil && (len(got) != 3 || got["east"] != "1" || got["north"] != "1" || got["west"] != "1") {
			err = fmt.Errorf("replicas by cluster: %v", got)
		}
		return err
	})
}

// wantRefused asks without credentials.
func wantRefused(t *testing.T, r *release, _ *monitoring) {
	t.Helper()
	client := trustingClient(t)
	for _, pod := range r.pods(t) {
		address := podIP(t, r.namespace, strings.TrimPrefix(pod, "pod/")) + ":10120/metrics"
		if body, err := getWith(t, client, "https://"+address); err == nil {
			t.Errorf("answered without credentials: %.100s", body)
		} else if text := err.Error(); !strings.Contains(text, "status 401") && !strings.Contains(text, "certificate required") {
			t.Errorf("refused for another reason: %v", err)
		}
		if body, err := get(t, "http://"+address); err == nil {
			t.Errorf("answered without encryption: %.100s", body)
		}
	}
}

// trustingClient takes any server for the right one.
func trustingClient(t *testing.T) *http.Client {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the tests of it are about the client
	}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return string(data)
}
