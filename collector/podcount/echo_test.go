package podcount

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// authorized sends each request with a credential, and as another user, through the
// innermost transport, as a client of a cluster does.
type authorized struct{ next http.RoundTripper }

func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header = http.Header{
		"Authorization": {"Bearer hunter2-token"}, "Impersonate-User": {"jane"}, "Impersonate-Group": {"prod"},
		"Impersonate-Uid": {"1000"}, "Impersonate-Extra-Reason": {"node"},
	}
	return redact.Transport(a.next, func(*http.Request) (*url.URL, error) { return nil, nil }).RoundTrip(r)
}

// WrappedRoundTripper is what client-go looks for to close idle connections.
func (a authorized) WrappedRoundTripper() http.RoundTripper { return a.next }

// TestEchoedCredentials has a server send the credential of the request back where a
// text is shown unchanged. Neither the snapshot nor the error may contain it.
func TestEchoedCredentials(t *testing.T) {
	const (
		nodes = `{"kind":"NodeList","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"n1"}}]}`
		table = `{"kind":"Table","metadata":{"resourceVersion":"1"},"columnDefinitions":[{"name":"Node"}],"rows":[{"cells":["n1"]}]}`
	)
	for _, tc := range []struct {
		name, nodes, pods string
		fails             bool
	}{
		{"nothing", nodes, table, false},
		{"an impersonated group in a node's name", strings.Replace(nodes, "n1", "prod-worker-1", 1), strings.Replace(table, "n1", "prod-worker-1", 1), false},
		{"an impersonated user in a node's name", strings.Replace(nodes, "n1", "eu.jane-1", 1), table, false},
		{"an impersonated user's uid in a resourceVersion", strings.Replace(nodes, `"1"`, `"210003"`, 1), table, false},
		{"an impersonated user's extra in a node's name", strings.Replace(nodes, "n1", "node-1", 1), table, false},
		{"an impersonated group as a node", strings.Replace(nodes, "n1", "prod", 1), table, true},
		{"name of a node", strings.Replace(nodes, "n1", "x-hunter2-token", 1), table, true},
		{"node of a pod", nodes, strings.Replace(table, `["n1"]`, `["hunter2-token"]`, 1), true},
		{"resourceVersion", nodes, strings.Replace(table, `"resourceVersion":"1"`, `"resourceVersion":"hunter2-token"`, 1), true},
		{"kind", nodes, strings.Replace(table, "Table", "hunter2-token", 1), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answers := roundTrip(func(r *http.Request) (*http.Response, error) {
				getConn(r.Context())
				body := tc.nodes
				if strings.HasSuffix(r.URL.Path, "pods") {
					body = tc.pods
				}
				return &http.Response{
					StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)),
					Header: http.Header{"Content-Type": {"application/json"}},
				}, nil
			})
			cfg := DefaultConfig()
			cfg.PageAttempts = 1
			counter, err := New(cfg, &http.Client{Transport: authorized{answers}}, &url.URL{Scheme: "http", Host: "host"})
			if err != nil {
				t.Fatal(err)
			}
			snapshot, err := countOnce(t.Context(), counter, &recorder{})
			var failure *PageError
			switch {
			case !tc.fails && err != nil:
				t.Errorf("the count failed: %v", err)
			case !tc.fails:
			case !errors.As(err, &failure) || failure.Reason != Malformed:
				t.Errorf("snapshot %v and error %v, want a malformed page", snapshot, err)
			case strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the error quotes the credential: %v", err)
			}
		})
	}
}
