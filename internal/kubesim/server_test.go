package kubesim

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  Config
		says string
	}{
		{"negative count", Config{Nodes: -1}, "Nodes: -1"},
		{"more empty nodes than nodes", Config{Nodes: 2, EmptyNodes: 3}, "EmptyNodes: 3"},
		{"pods without nodes", Config{Pods: 1}, "Pods: 1"},
		{"pods on empty nodes", Config{Nodes: 1, EmptyNodes: 1, Pods: 1}, "Pods: 1"},
		{"finished pods without nodes", Config{Finished: 1}, "Finished: 1"},
		{"namespace that is no name", Config{Namespaces: []string{"A/b"}}, `Namespaces: "A/b"`},
		{"namespace twice", Config{Namespaces: []string{"a", "a"}}, "twice"},
		{"role in what is no name", Config{Roles: []string{""}}, `Roles: ""`},
		{"role twice", Config{Roles: []string{"a", "b", "a"}}, `Roles: "a" appears twice`},
		{"forbidden resource unknown", Config{Forbidden: []string{"secrets"}}, `Forbidden: "secrets"`},
		{"negative token life", Config{TokenLife: -1}, "TokenLife"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := New(tc.cfg); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error %v, want one with %q", err, tc.says)
			}
		})
	}
}

func TestRefusedRequests(t *testing.T) {
	s := newServer(t, small)
	for _, tc := range []struct {
		name  string
		path  string
		code  int
		says  string
		query []string
	}{
		{"unknown path", "/api/v1/secrets", 404, "", nil},
		{"nodes in a namespace", "/api/v1/namespaces/ads/nodes", 404, "", nil},
		{"unknown field", "/api/v1/pods", 400, "field label not supported: spec.color", []string{"fieldSelector", "spec.color=red"}},
		{"pod field on nodes", "/api/v1/nodes", 400, "field label not supported: status.phase", []string{"fieldSelector", "status.phase=Running"}},
		{"label selector", "/api/v1/pods", 400, "labelSelector", []string{"labelSelector", "app=x"}},
		{"label selector that is none", "/api/v1/nodes", 400, "unable to parse", []string{"labelSelector", "a in"}},
		{"limit no number", "/api/v1/pods", 400, "limit", []string{"limit", "all"}},
		{"timeout no duration", "/api/v1/pods", 400, "timeout", []string{"timeout", "soon"}},
		{"resourceVersion no number", "/api/v1/pods", 400, "resource version", []string{"resourceVersion", "new"}},
		{"resourceVersion to come", "/api/v1/pods", 504, "Too large resource version", []string{"resourceVersion", "99999999"}},
		{"resourceVersion too old", "/api/v1/pods", 410, "too old", []string{"resourceVersion", "1", "limit", "5"}},
		{"resourceVersion with a token", "/api/v1/pods", 400, "not allowed when using continue",
			[]string{"resourceVersion", "5", "continue", encodeToken(baseVersion, "a", 0)}},
		{"token no base64", "/api/v1/pods", 400, "continue key is not valid", []string{"continue", "%%%"}},
		{"token without version", "/api/v1/pods", 400, "start resourceVersion", []string{"continue", encodeToken(0, "a", 0)}},
		{"token without key", "/api/v1/pods", 400, "start key empty", []string{"continue", encodeToken(5, "", 0)}},
		{"token that climbs out", "/api/v1/pods", 400, "continue key is not valid", []string{"continue", encodeToken(5, "../nodes", 0)}},
		{"match without resourceVersion", "/api/v1/pods", 422, "resourceVersionMatch", []string{"resourceVersionMatch", "Exact"}},
		{"streamed list", "/api/v1/pods", 422, "sendInitialEvents", []string{"sendInitialEvents", "true"}},
		{"includeObject unknown", "/api/v1/pods", 400, "includeObject", []string{"includeObject", "Half"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(t, s, tc.path, acceptTable, tc.query...)
			if w.Code != tc.code || !strings.Contains(w.Body.String(), tc.says) {
				t.Errorf("status %d, body %s; want %d with %q", w.Code, w.Body, tc.code, tc.says)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	s := newServer(t, func(c *Config) { small(c); c.Token, c.Forbidden = "s3cret", []string{"nodes"} })
	for _, tc := range []struct {
		name, path, authorization string
		code                      int
		says                      string
	}{
		{"right token", "/api/v1/pods", "Bearer s3cret", 200, "PodList"},
		{"wrong token", "/api/v1/pods", "Bearer other", 401, `"reason":"Unauthorized"`},
		{"no token", "/api/v1/pods", "", 401, `"reason":"Unauthorized"`},
		{"forbidden resource", "/api/v1/nodes", "Bearer s3cret", 403,
			`cannot list resource \"nodes\" in API group \"\" at the cluster scope`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tc.path, nil)
			r.Header.Set("Authorization", tc.authorization)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != tc.code || !strings.Contains(w.Body.String(), tc.says) {
				t.Errorf("status %d, body %.300s; want %d with %q", w.Code, w.Body, tc.code, tc.says)
			}
			if strings.Contains(w.Body.String(), "s3cret") {
				t.Error("the body shows the token")
			}
		})
	}
}

func TestRoles(t *testing.T) {
	s := newServer(t, func(c *Config) { small(c); c.Namespaces, c.Roles = []string{"web", "ads"}, []string{"web"} })
	const user = `User \"system:serviceaccount:monitoring:pod-count-exporter\" cannot `
	for _, tc := range []struct {
		name, path string
		code       int
		says       string
		query      []string
	}{
		{"a namespace with a Role", "/api/v1/namespaces/web/pods", 200, `"kind":"Table"`, nil},
		{"a namespace without", "/api/v1/namespaces/ads/pods", 403,
			`"pods is forbidden: ` + user + `list resource \"pods\" in API group \"\" in the namespace \"ads\""`, nil},
		{"all namespaces", "/api/v1/pods", 403, user + `list resource \"pods\" in API group \"\" at the cluster scope"`, nil},
		{"nodes", "/api/v1/nodes", 403, user + `list resource \"nodes\" in API group \"\" at the cluster scope"`, nil},
		{"watching all namespaces", "/api/v1/pods", 403, user + `watch resource \"pods\"`, []string{"watch", "true"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(t, s, tc.path, acceptTable, tc.query...)
			if w.Code != tc.code || !strings.Contains(w.Body.String(), tc.says) {
				t.Errorf("status %d, body %.400s; want %d with %q", w.Code, w.Body, tc.code, tc.says)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/api/v1/pods", nil)
	w := httptest.NewRecorder()
	newServer(t, small).ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("status %d for DELETE, want 405", w.Code)
	}
}

func TestAcceptNegotiation(t *testing.T) {
	s := newServer(t, small)
	old := newServer(t, func(c *Config) { small(c); c.IgnoreAccept = true })
	const table = "application/json;as=Table;v=v1;g=meta.k8s.io"
	for _, tc := range []struct {
		name   string
		server *Server
		accept string
		code   int
		kind   string
	}{
		{"table", s, table, 200, `{"kind":"Table"`},
		{"table first, plain as the fallback", s, table + ", application/json", 200, `{"kind":"Table"`},
		{"plain preferred by quality", s, table + ";q=0.5, application/json", 200, `{"kind":"PodList"`},
		{"table of an unknown version", s, "application/json;as=Table;v=v9;g=meta.k8s.io, application/json", 200, `{"kind":"PodList"`},
		{"plain", s, acceptPlain, 200, `{"kind":"PodList"`},
		{"nothing said", s, "", 200, `{"kind":"PodList"`},
		{"anything", s, "*/*", 200, `{"kind":"PodList"`},
		{"metadata only", s, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", 200, `{"kind":"PartialObjectMetadataList"`},
		{"protobuf", s, acceptProtobuf, 200, protobufMagic},
		{"no table in protobuf", s, acceptProtobuf + ";as=Table;v=v1;g=meta.k8s.io", 406, `"NotAcceptable"`},
		{"text", s, "text/plain", 406, `"NotAcceptable"`},
		{"old server", old, table, 200, `{"kind":"PodList"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(t, tc.server, "/api/v1/pods", tc.accept, "limit", "3")
			if w.Code != tc.code || !strings.Contains(w.Body.String(), tc.kind) {
				t.Errorf("status %d, body %.100q; want %d with %q", w.Code, w.Body, tc.code, tc.kind)
			}
		})
	}
}
