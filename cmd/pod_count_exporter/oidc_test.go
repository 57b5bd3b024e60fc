package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// idToken is a JSON Web Token that ends at a time; nobody here checks its signature.
func idToken(ends time.Time, signature string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, ends.Unix())) + "." + signature
}

// oidcUser is the user of a kubeconfig with OIDC.
func oidcUser(issuer, token, refresh string) string {
	return fmt.Sprintf("auth-provider: {name: oidc, config: {client-id: exporter, client-secret: %q, idp-issuer-url: %q, id-token: %q, refresh-token: %q}}",
		"client-"+refresh, issuer, token, refresh)
}

// issuer returns an id-token for a refresh token, which can be used once and is
// replaced by the next.
type issuer struct {
	url string

	mu      sync.Mutex
	token   string // the id-token that the API server takes
	refresh string // the next that is good
	used    int
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{refresh: "refresh-0"}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"token_endpoint": %q}`, i.url+"/token")
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		if r.FormValue("refresh_token") != i.refresh {
			http.Error(w, `{"error": "invalid_grant", "error_description": "refused `+r.FormValue("refresh_token")+`"}`, http.StatusBadRequest)
			return
		}
		i.used++
		i.refresh = fmt.Sprint("refresh-", i.used)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "access_token": "x", "id_token": i.token, "refresh_token": i.refresh})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

// renew replaces the id-token that is issued and accepted.
func (i *issuer) renew(taken func(string), ends time.Time, signature string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.token = idToken(ends, signature)
	taken(i.token)
}

// A kubeconfig with OIDC works as with kubectl, but is not written: the tokens that
// the issuer gives are kept through reloads, until those of the kubeconfig change.
func TestOIDC(t *testing.T) {
	url, token := guarded(t)
	idp := newIssuer(t)
	taken := func(text string) { token.Store(text) }
	idp.renew(taken, time.Now().Add(time.Hour), "first")
	cluster := at(url) + ", insecure-skip-tls-verify: true"
	content := contextOf("a", cluster, oidcUser(idp.url, idToken(time.Now().Add(-time.Hour), "old"), "refresh-0"))
	dir := directory(t, map[string]string{"a": content})
	e := start(t, "--kubeconfig="+dir, "--collector.page-attempts=1")
	counted := func(name string) {
		t.Helper()
		if status, body := e.get(t, "/api/v1/nodes?fresh=true&cluster="+name); status != http.StatusOK {
			t.Errorf("status %d: %s", status, body)
		}
	}
	counted("a")
	for i := range 3 {
		put(t, dir+"/b", contextOf(fmt.Sprint("b", i), cluster, "token: x"))
		e.reload(t, http.StatusOK, "reloaded")
		counted("a")
	}
	if idp.used != 1 {
		t.Errorf("%d tokens were asked for, want 1", idp.used)
	}
	if now, err := os.ReadFile(dir + "/a"); err != nil || string(now) != content {
		t.Errorf("the kubeconfig was written: %v\n%s", err, now)
	}

	idp.renew(taken, time.Now().Add(time.Hour), "second")
	put(t, dir+"/a", contextOf("a", cluster, oidcUser(idp.url, idToken(time.Now().Add(-time.Hour), "old"), idp.refresh)))
	e.reload(t, http.StatusOK, "reloaded")
	counted("a")
}

// What the issuer says about the refresh token is not shown.
func TestOIDCRefusalIsNotQuoted(t *testing.T) {
	url, token := guarded(t)
	token.Store("x")
	idp := newIssuer(t)
	user := oidcUser(idp.url, idToken(time.Now().Add(-time.Hour), canary), canary)
	e := start(t, "--log.level=debug", "--collector.page-attempts=1",
		"--kubeconfig="+write(t, "kubeconfig", contextOf("a", at(url)+", insecure-skip-tls-verify: true", user)))
	e.log.await(t, "Page failed: unauthorized.*getting credentials")
	_, body := e.get(t, "/api/v1/clusters")
	e.stop(t)
	if found := find(e.log.String()+body, canary); found != "" || strings.Contains(e.log.String(), "refused") {
		t.Errorf("the issuer is quoted: %s\n%s", found, e.log)
	}
}
