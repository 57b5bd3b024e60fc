//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// object is any Kubernetes object in JSON.
type object map[string]any

// api speaks to the API server as the administrator, in plain HTTP: what the
// tests ask for is then what stands in them.
type api struct {
	cfg    *rest.Config
	client *http.Client
}

func newAPI(t *testing.T, kubeconfig string) *api {
	t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections) // or the API server would wait for them when it stops
	return &api{cfg: cfg, client: client}
}

// send makes one request and returns the answer. Anything but 2xx fails the
// test.
func (a *api) send(t *testing.T, method, path, contentType string, body []byte) object {
	t.Helper()
	obj, err := a.request(t.Context(), method, path, contentType, body)
	if err != nil {
		t.Fatal(err)
	}
	return obj
}

// request is send for those who look at the error themselves.
func (a *api) request(ctx context.Context, method, path, contentType string, body []byte) (object, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.cfg.Host+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s:\n%s", method, path, resp.Status, answer)
	}
	var obj object
	if err := json.Unmarshal(answer, &obj); err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return obj, nil
}

func (a *api) create(t *testing.T, path string, obj object) object {
	t.Helper()
	return a.send(t, http.MethodPost, path, "application/json", encode(t, obj))
}

// patch merges the object into the one at path.
func (a *api) patch(t *testing.T, path string, obj object) {
	t.Helper()
	a.send(t, http.MethodPatch, path, "application/merge-patch+json", encode(t, obj))
}

// remove deletes what is at path; grace is the grace period in seconds.
func (a *api) remove(t *testing.T, path string, grace int) {
	t.Helper()
	options := object{"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": grace}
	a.send(t, http.MethodDelete, path, "application/json", encode(t, options))
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// account makes a service account in the namespace default that may list these
// resources and nothing else, and returns a kubeconfig with its token.
func (a *api) account(t *testing.T, name string, mayList ...string) string {
	t.Helper()
	meta := object{"name": name}
	a.create(t, "/api/v1/namespaces/default/serviceaccounts", object{"metadata": meta})
	if len(mayList) > 0 {
		const rbac = "/apis/rbac.authorization.k8s.io/v1/"
		rule := object{"apiGroups": []string{""}, "resources": mayList, "verbs": []string{"list"}}
		a.create(t, rbac+"clusterroles", object{"metadata": meta, "rules": []object{rule}})
		a.create(t, rbac+"clusterrolebindings", object{
			"metadata": meta,
			"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
			"subjects": []object{{"kind": "ServiceAccount", "namespace": "default", "name": name}},
		})
	}
	return a.tokenKubeconfig(t, "default", name)
}

// tokenKubeconfig writes a kubeconfig with a token that the API server issues
// to the service account.
func (a *api) tokenKubeconfig(t *testing.T, namespace, account string) string {
	t.Helper()
	path := fmt.Sprintf("/api/v1/namespaces/%s/serviceaccounts/%s/token", namespace, account)
	status, _ := a.create(t, path, object{"spec": object{"expirationSeconds": 3600}})["status"].(map[string]any)
	token, _ := status["token"].(string)
	if token == "" {
		t.Fatalf("no token for %s/%s", namespace, account)
	}
	return writeKubeconfig(t, a.cfg, token)
}

func writeKubeconfig(t *testing.T, server *rest.Config, token string) string {
	t.Helper()
	const name = "jobsscz-k8s-cluster"
	cfg := clientcmdapi.NewConfig()
	cfg.Clusters[name] = &clientcmdapi.Cluster{Server: server.Host, CertificateAuthorityData: server.CAData}
	cfg.AuthInfos["exporter"] = &clientcmdapi.AuthInfo{Token: token}
	cfg.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: "exporter"}
	cfg.CurrentContext = name
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*cfg, file); err != nil {
		t.Fatal(err)
	}
	return file
}
