package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

// contextOf is a kubeconfig with one context, the current one, whose cluster and user
// have these fields.
func contextOf(name, cluster, user string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: %[1]s\nclusters: [{name: c, cluster: {%[2]s}}]\n"+
		"users: [{name: u, user: {%[3]s}}]\ncontexts: [{name: %[1]s, context: {cluster: c, user: u}}]\n", name, cluster, user)
}

// at is the field of a cluster with its address.
func at(url string) string { return fmt.Sprintf("server: %q", url) }

// directory writes files into a directory of their own.
func directory(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		put(t, filepath.Join(dir, name), content)
	}
	return dir
}

func put(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lastError is the API's reason why a cluster is not counted.
func (e *exporter) lastError(t *testing.T, cluster string) (reason, text string) {
	t.Helper()
	var all struct {
		Clusters []struct{ Cluster, LastError, LastErrorReason string }
	}
	_, body := e.get(t, "/api/v1/clusters")
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all.Clusters {
		if c.Cluster == cluster {
			return c.LastErrorReason, c.LastError
		}
	}
	t.Errorf("the API does not have cluster %s: %s", cluster, body)
	return "", ""
}

// brokenContexts are contexts named bad that cannot be used, and the part of the
// message after file and context.
func brokenContexts() map[string]struct{ content, says string } {
	const server = `server: "https://127.0.0.1:1"`
	noPEM := base64.StdEncoding.EncodeToString([]byte(canary))
	return map[string]struct{ content, says string }{
		"cluster that is deleted":     {strings.Replace(contextOf("bad", server, ""), "name: c,", "name: other,", 1), `no cluster "c"`},
		"user that is deleted":        {strings.Replace(contextOf("bad", server, ""), "name: u,", "name: other,", 1), `no user "u"`},
		"context that is deleted":     {"current-context: bad\ncontexts: [{name: other, context: {cluster: c, user: u}}]\n", "no such context"},
		"authority that is gone":      {contextOf("bad", server+", certificate-authority: gone.crt", ""), `cluster "c": certificate-authority: no such file`},
		"authority without PEM":       {contextOf("bad", server+", certificate-authority-data: "+noPEM, ""), `cluster "c": certificate-authority: no certificates in PEM`},
		"authority that is a device":  {contextOf("bad", server+", certificate-authority: /dev/null", ""), `cluster "c": certificate-authority: not a regular file`},
		"token file that is gone":     {contextOf("bad", server, "tokenFile: /nonexistent/"+canary), `user "u": tokenFile: no such file`},
		"key without PEM":             {contextOf("bad", server, "client-certificate-data: "+noPEM+", client-key-data: "+noPEM), `user "u": client-certificate and client-key`},
		"provider gcp":                {contextOf("bad", server, "auth-provider: {name: gcp, config: {access-token: "+canary+"}}"), `user "u": auth-provider: .*gke-gcloud-auth-plugin`},
		"provider azure":              {contextOf("bad", server, "auth-provider: {name: azure}"), `user "u": auth-provider: .*kubelogin`},
		"provider of another name":    {contextOf("bad", server, "auth-provider: {name: "+canary+"}"), `user "u": auth-provider: .*credential plugin`},
		"OIDC without an issuer":      {contextOf("bad", server, "auth-provider: {name: oidc, config: {client-id: x}}"), `user "u": auth-provider.config.idp-issuer-url: missing`},
		"OIDC authority that is gone": {contextOf("bad", server, "auth-provider: {name: oidc, config: {client-id: x, idp-issuer-url: https://i, idp-certificate-authority: /nonexistent/"+canary+"}}"), `user "u": auth-provider.config.idp-certificate-authority: no such file`},
		"plugin of an old version":    {contextOf("bad", server, "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: "+canary+"}"), `user "u": exec.apiVersion: not `},
		"server that is no URL":       {contextOf("bad", at("http://u:"+canary+"%zz@h"), ""), "not an http or https URL"},
		"proxy that is no URL":        {contextOf("bad", server+`, proxy-url: "http://u:`+canary+`%zz@h"`, ""), `cluster "c": proxy-url`},
	}
}

// A context that cannot be used is a failing cluster: the others are counted, and the
// reason is reported everywhere.
func TestOneBrokenContextOfMany(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	for name, broken := range brokenContexts() {
		t.Run(name, func(t *testing.T) {
			dir := directory(t, map[string]string{
				"a": contextOf("a", at(server.URL), ""), "b": broken.content, "c": contextOf("c", at(server.URL), ""),
			})
			e := start(t, "--kubeconfig="+dir)
			e.reload(t, http.StatusOK, "reloaded")
			for _, path := range []string{"a", "c"} {
				if status, body := e.get(t, "/api/v1/nodes?fresh=true&cluster="+path); status != http.StatusOK {
					t.Errorf("cluster %s: status %d: %s", path, status, body)
				}
			}
			body := e.await(t, "/metrics", `pod_count_success{cluster="a"} 1`)
			for series, want := range map[string]string{
				`pod_count_success{cluster="bad"}`: "0", "pod_count_config_invalid_contexts": "1",
				"pod_count_config_last_reload_successful": "1", "pod_count_clusters": "3",
			} {
				if got := sample(body, series); got != want {
					t.Errorf("%s is %q, want %s", series, got, want)
				}
			}
			path := regexp.QuoteMeta(filepath.Join(dir, "b"))
			if reason, text := e.lastError(t, "bad"); reason != "config" || !regexp.MustCompile(path+`": context "bad": .*`+broken.says).MatchString(text) {
				t.Errorf("the API says %q: %s", reason, text)
			}
			said := regexp.MustCompile(`(?m)^level=warn .* msg="Cluster cannot be used" cluster=bad err=".*`+path+`.*$`).FindAllString(e.log.String(), -1)
			if len(said) != 1 {
				t.Errorf("the log has %d lines:\n%s", len(said), e.log)
			}
			_, clusters := e.get(t, "/api/v1/clusters")
			if found := find(e.log.String()+body+clusters, canary); found != "" {
				t.Errorf("a value of the kubeconfig is quoted: %s", found)
			}
		})
	}
}

func TestStartFailsWhenNothingCanBeCounted(t *testing.T) {
	files := map[string]string{"README.txt": "clusters: see the other files"}
	want := []string{}
	for name, broken := range brokenContexts() {
		if !strings.Contains(name, "context") {
			name = strings.ReplaceAll(name, " ", "-")
			files[name] = strings.ReplaceAll(broken.content, "bad", name)
			want = append(want, name+`": context`)
		}
	}
	files["garbage"] = "contexts: [" + canary
	want = append(want, `garbage": not a valid kubeconfig`)
	contains(t, refuse(t, exitFailed, "--kubeconfig="+directory(t, files)), want)
}

// guarded is a simulated API server that wants a token, which may change.
func guarded(t *testing.T) (url string, token *atomic.Value) {
	t.Helper()
	sim := simulated(t)
	token = new(atomic.Value)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token.Load().(string) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, token
}

// A stale kubeconfig is added, and then the token of a healthy cluster is rotated.
func TestRotationBesideABrokenContext(t *testing.T) {
	url, token := guarded(t)
	token.Store("old")
	cluster := at(url) + ", insecure-skip-tls-verify: true"
	dir := directory(t, map[string]string{"alpha": contextOf("alpha", cluster, "token: old")})
	e := start(t, "--kubeconfig="+dir, "--collector.page-attempts=1")
	e.await(t, "/metrics", `pod_count_success{cluster="alpha"} 1`)
	put(t, filepath.Join(dir, "stale"), brokenContexts()["cluster that is deleted"].content)
	e.reload(t, http.StatusOK, "reloaded")
	token.Store("new")
	put(t, filepath.Join(dir, "alpha"), contextOf("alpha", cluster, "token: new"))
	e.reload(t, http.StatusOK, "reloaded")
	if status, body := e.get(t, "/api/v1/nodes?fresh=true&cluster=alpha"); status != http.StatusOK {
		t.Errorf("status %d: %s", status, body)
	}
}

// A working cluster loses nothing when its kubeconfig breaks: it fails, but its last
// snapshot is shown until the context can be used again.
func TestContextThatBreaksLater(t *testing.T) {
	url, token := guarded(t)
	token.Store("x")
	cluster := at(url) + ", insecure-skip-tls-verify: true"
	good := contextOf("a", cluster, "token: x")
	path := write(t, "kubeconfig", good)
	e := start(t, "--kubeconfig="+path)
	e.await(t, "/metrics", `pod_count_success{cluster="a"} 1`)
	put(t, path, contextOf("a", cluster, "auth-provider: {name: gcp}"))
	e.reload(t, http.StatusOK, "reloaded")
	body := e.await(t, "/metrics", `pod_count_success{cluster="a"} 0`)
	if _, nodes := sum(t, body, "node_active_pods"); nodes != 3 {
		t.Errorf("%d nodes are shown, want those of the last snapshot", nodes)
	}
	if reason, _ := e.lastError(t, "a"); reason != "config" {
		t.Errorf("the API's reason is %q", reason)
	}
	put(t, path, good)
	e.reload(t, http.StatusOK, "reloaded")
	body = e.await(t, "/metrics", `pod_count_success{cluster="a"} 1`)
	if invalid := sample(body, "pod_count_config_invalid_contexts"); invalid != "0" {
		t.Errorf("%s invalid contexts", invalid)
	}
}
