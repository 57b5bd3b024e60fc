//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(34, 5, 200)...)
	certificate := clientcmdapi.AuthInfo{
		ClientCertificate: filepath.Join(cp.dir, "admin.crt"), ClientKey: filepath.Join(cp.dir, "admin.key"),
	}
	file := newContexts(t, map[string]login{"one": {cp, certificate}})
	e := startExporter(t, file.path, "--kubernetes.all-contexts")
	wantTruth(t, e.scrape(t).counted(t), cp.truth)
}

// TestTokenIsRotated replaces the token in its file, and then takes the old one
// out of use: the exporter goes on by itself.
func TestTokenIsRotated(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(35, 5, 200)...)
	cp.api.account(t, "exporter", "pods", "nodes")
	tokenFile := filepath.Join(t.TempDir(), "token")
	old := cp.api.boundToken(t, "exporter", "first")
	must(t, os.WriteFile(tokenFile, []byte(old), 0o600))
	file := newContexts(t, map[string]login{"one": {cp, clientcmdapi.AuthInfo{TokenFile: tokenFile}}})
	e := startExporter(t, file.path, "--kubernetes.all-contexts", "--collector.cache-ttl=1s", "--collector.page-attempts=1")
	wantTruth(t, e.scrape(t).counted(t), cp.truth)

	must(t, os.WriteFile(tokenFile, []byte(cp.api.boundToken(t, "exporter", "second")), 0o600))
	cp.api.remove(t, "/api/v1/namespaces/default/secrets/first", 0)
	eventually(t, "the API server refuses the old token", func() bool { return cp.api.statusFor(t, old) == http.StatusUnauthorized })
	refused := e.scrape(t).value(t, "pod_count_last_success_timestamp_seconds")
	eventually(t, "a count with the new token", func() bool {
		got := e.scrape(t)
		return got.value(t, "pod_count_success") == 1 && got.value(t, "pod_count_last_success_timestamp_seconds") > refused
	})
	wantTruth(t, e.scrape(t).counted(t), cp.truth)
}

// boundToken asks for a service account's token that is good for as long as a
// Secret of this name is there.
func (a *api) boundToken(t *testing.T, account, secret string) string {
	t.Helper()
	a.create(t, "/api/v1/namespaces/default/secrets", object{"metadata": object{"name": secret}})
	bound := object{"apiVersion": "v1", "kind": "Secret", "name": secret}
	answer := a.create(t, fmt.Sprintf("/api/v1/namespaces/default/serviceaccounts/%s/token", account),
		object{"spec": object{"expirationSeconds": 3600, "boundObjectRef": bound}})
	status, _ := answer["status"].(map[string]any)
	token, _ := status["token"].(string)
	if token == "" {
		t.Fatalf("no token for %s", account)
	}
	return token
}

// statusFor asks for one pod with a token.
func (a *api) statusFor(t *testing.T, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.cfg.Host+"/api/v1/pods?limit=1", http.NoBody)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+token) // the client's own credentials give way to it
	resp, err := a.client.Do(req)
	must(t, err)
	must(t, resp.Body.Close())
	return resp.StatusCode
}
