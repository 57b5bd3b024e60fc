package cluster_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// load gives the only cluster of a kubeconfig.
func load(t *testing.T, content string) cluster.Cluster {
	t.Helper()
	path := filepath.Join(files(t, map[string]string{"kubeconfig": content}), "kubeconfig")
	clusters, err := cluster.Load(cluster.Options{Kubeconfigs: []string{path}, UserAgent: "pod_count_exporter/1 (os/arch)"})
	if err != nil {
		t.Fatal(err)
	}
	return clusters[0]
}

// get asks the cluster for /version and returns the answer, its body closed.
func get(ctx context.Context, t *testing.T, c cluster.Cluster) (*http.Response, error) {
	t.Helper()
	client, base, err := c.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	return fetch(ctx, t, client, base.JoinPath("version").String())
}

func fetch(ctx context.Context, t *testing.T, client *http.Client, url string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp, resp.Body.Close()
}

// lastRequest is a TLS server that keeps the last request, and the lines of a
// kubeconfig's cluster that trust it.
func lastRequest(t *testing.T) (*httptest.Server, *atomic.Pointer[http.Request], string) {
	t.Helper()
	var last atomic.Pointer[http.Request]
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last.Store(r)
		if r.URL.Path == "/redirect/version" {
			http.Redirect(w, r, "/version", http.StatusFound)
		}
	}))
	t.Cleanup(server.Close)
	return server, &last, "certificate-authority-data: " + encoded(server.Certificate())
}

func encoded(cert *x509.Certificate) string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}

// kubeconfig is a kubeconfig of one context from the inside of its cluster and
// its user.
func kubeconfig(inCluster, inUser string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Config
current-context: only
clusters: [{name: c, cluster: {%s}}]
users: [{name: u, user: {%s}}]
contexts: [{name: only, context: {cluster: c, user: u}}]
`, inCluster, inUser)
}

// execUser is the user of a kubeconfig whose credential plugin is this binary.
func execUser(kind, more string) string {
	return fmt.Sprintf(`exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: IfAvailable, env: [{name: %s, value: %q}]%s}`,
		os.Args[0], pluginEnv, kind, more)
}

func TestClientRequest(t *testing.T) {
	server, last, trust := lastRequest(t)
	withUser := strings.Replace(server.URL, "https://", "https://alice:"+canary+"@", 1)
	tokenFile := filepath.Join(files(t, map[string]string{"token": canary + "\n"}), "token")
	bearer, basic := "Bearer "+canary, "Basic "+base64.StdEncoding.EncodeToString([]byte("alice:"+canary))

	tests := []struct {
		name         string
		server, user string
		path         string
		authorized   string
		status       int
	}{
		{"token", server.URL, "token: " + canary, "/version", bearer, 200},
		{"token file", server.URL, "tokenFile: " + tokenFile, "/version", bearer, 200},
		{"password", server.URL, "username: alice, password: " + canary, "/version", basic, 200},
		{"credential plugin", server.URL, execUser("token", ""), "/version", bearer, 200},
		{"no credentials", server.URL, "", "/version", "", 200},
		{"user in the URL", withUser, "", "/version", basic, 200},
		{"user in the URL before a token", withUser, "token: " + canary, "/version", basic, 200},
		{"path prefix", server.URL + "/k8s/clusters/c-1/", "token: " + canary, "/k8s/clusters/c-1/version", bearer, 200},
		{"path prefix behind a user", withUser + "/k8s", "", "/k8s/version", basic, 200},
		{"redirect is not followed", server.URL + "/redirect", "token: " + canary, "/redirect/version", bearer, 302},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, err := get(t.Context(), t, load(t, kubeconfig(fmt.Sprintf("server: %q, %s", tt.server, trust), tt.user)))
			if err != nil {
				t.Fatal(err)
			}
			req := last.Load()
			got := []any{resp.StatusCode, req.URL.Path, req.Header.Get("Authorization"), req.UserAgent(), req.Header.Get("Accept-Encoding")}
			want := []any{tt.status, tt.path, tt.authorized, "pod_count_exporter/1 (os/arch)", ""}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("got %q, want %q", got[i], want[i])
				}
			}
			if requested := resp.Request.URL.String(); strings.Contains(requested, canary) {
				t.Errorf("the request's URL holds a secret: %s", requested)
			}
		})
	}
}

func TestClientErrorsHoldNoSecret(t *testing.T) {
	server, _, trust := lastRequest(t)
	server2 := fmt.Sprintf("server: %q, %s", server.URL, trust)
	gone := httptest.NewServer(nil)
	gone.Close()
	userAt := strings.Replace(gone.URL, "http://", "http://"+canary+":"+canary+"@", 1)

	tests := []struct {
		name, cluster, user, want string
	}{
		{"server refuses", fmt.Sprintf("server: %q", userAt), "", "refused"},
		{"server is not trusted", fmt.Sprintf("server: %q", server.URL), "token: " + canary, "certificate"},
		{"proxy refuses", fmt.Sprintf("%s, proxy-url: %q", server2, userAt), "token: " + canary, "proxyconnect"},
		{"plugin prints garbage", server2, execUser("garbage", ""), "no ExecCredential"},
		{"plugin prints another kind", server2, execUser("other", ""), "no ExecCredential"},
		{"plugin prints nothing", server2, execUser("silent", ""), "getting credentials"},
		{"plugin fails", server2, execUser("fail", ""), "exit code 3 (run with --log.level=debug"},
		{"plugin is missing", server2, strings.Replace(execUser("x", ", installHint: "+canary), os.Args[0], "/gone/plugin", 1), "not installed where the exporter runs$"},
		{"plugin may not be run", server2, strings.Replace(execUser("x", ""), os.Args[0], filepath.Join(files(t, map[string]string{"plain": ""}), "plain"), 1), "may not run the credential plugin$"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := get(t.Context(), t, load(t, kubeconfig(tt.cluster, tt.user)))
			want, end := strings.CutSuffix(tt.want, "$")
			if checkRefusal(t, err, "", []string{want}); end && !strings.HasSuffix(err.Error(), want) {
				t.Errorf("something follows: %v", err)
			}
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("the error has several lines: %v", err)
			}
		})
	}
}

func TestClientRefusesBadCredentials(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte(canary))
	tests := []struct {
		name, cluster, user, want string
	}{
		{"key pair that is none", `server: "https://h"`, "client-certificate-data: " + key + ", client-key-data: " + key, `user "u": client-certificate and client-key`},
		{"authority that is none", `server: "https://h", certificate-authority-data: ` + key, "token: " + canary, `cluster "c": certificate-authority`},
		{"auth provider that is gone", `server: "https://h"`, "auth-provider: {name: gcp, config: {access-token: " + canary + "}}", `user "u": auth-provider`},
		{"plugin of an unknown version", `server: "https://h"`, strings.Replace(execUser("token", ""), "k8s.io/v1", "k8s.io/v9", 1), `user "u": exec.apiVersion`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := load(t, kubeconfig(tt.cluster, tt.user)).Client()
			checkRefusal(t, err, "", []string{"--kubeconfig", `context "only"`, tt.want})
		})
	}
}

// A plugin's standard error would otherwise be the exporter's.
func TestClientRestoresStderr(t *testing.T) {
	before := os.Stderr
	if _, _, err := load(t, kubeconfig(`server: "https://h"`, execUser("token", ""))).Client(); err != nil {
		t.Fatal(err)
	}
	if os.Stderr != before {
		t.Error("os.Stderr is not what it was")
	}
}

// A plugin that hangs is left behind at a page's deadline. It is run only once,
// however many counts there are meanwhile.
func TestHangingPluginIsLeftBehind(t *testing.T) {
	client, base, err := load(t, kubeconfig(`server: "https://127.0.0.1:1"`, execUser("hang "+hold(t), ""))).Client()
	if err != nil {
		t.Fatal(err)
	}
	cfg := podcount.DefaultConfig()
	cfg.PageTimeout, cfg.PageAttempts = 50*time.Millisecond, 1
	counter, err := podcount.New(cfg, client, base)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"deadline exceeded", "an earlier request has yet to end", "an earlier request has yet to end"} {
		if err := counter.Count(t.Context(), pageLog{}, func(*podcount.Snapshot) {}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("count %d ended with %v, want %q", i+1, err, want)
		}
	}
}

// pageLog is a recorder that tells page, if it is there, of each one.
type pageLog struct{ page func(podcount.Page) }

func (pageLog) Started(int) {}
func (l pageLog) Page(p podcount.Page) {
	if l.page != nil {
		l.page(p)
	}
}
func (pageLog) Event(podcount.Event)     {}
func (pageLog) Watched(podcount.Watched) {}

// countingServer answers everything, and counts its connections.
func countingServer(t *testing.T) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server, &connections
}

// Connections that clusters share would be closed for all when one page fails.
func TestClientsShareNoConnections(t *testing.T) {
	server, connections := countingServer(t)

	one, base, err := load(t, oneContext(server.URL)).Client()
	if err != nil {
		t.Fatal(err)
	}
	two, _, err := load(t, oneContext(server.URL)).Client()
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name   string
		client *http.Client
		before func()
		want   int32
	}{
		{"first client connects", one, func() {}, 1},
		{"second client connects for itself", two, func() {}, 2},
		{"first client has kept its connection", one, two.CloseIdleConnections, 2},
		{"second client connects again", two, func() {}, 3},
	}
	for _, step := range steps {
		step.before()
		if _, err := fetch(t.Context(), t, step.client, base.String()); err != nil {
			t.Fatal(err)
		}
		if got := connections.Load(); got != step.want {
			t.Errorf("%s: %d connections, want %d", step.name, got, step.want)
		}
	}
}

func TestServiceAccountClient(t *testing.T) {
	server, last, _ := lastRequest(t)
	account := &rest.Config{Host: server.URL, BearerToken: canary, TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
	clusters, err := cluster.Load(cluster.Options{Env: surroundings(map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "", account)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := get(t.Context(), t, clusters[0]); err != nil {
		t.Fatal(err)
	}
	if got := last.Load().Header.Get("Authorization"); got != "Bearer "+canary {
		t.Errorf("Authorization is %q", got)
	}
}
