package main

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// paged answers like an API server with two pages of everything; nodes come
// compressed. It keeps the queries.
type paged struct{ asked []string }

// ServeHTTP implements http.Handler.
func (p *paged) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.asked = append(p.asked, fmt.Sprintf("%s %s %q", filepath.Base(r.URL.Path), q.Get("limit"), q.Get("continue")))
	body := `{"metadata":{"resourceVersion":"1","continue":"next"},"rows":[]}`
	if q.Get("continue") == "next" {
		body = `{"metadata":{"resourceVersion":"1"},"rows":[]}`
	}
	if r.Header.Get("Accept-Encoding") != "gzip" {
		fmt.Fprint(w, body)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	fmt.Fprint(z, body, strings.Repeat(" ", 9000))
	_ = z.Close()
}

func TestDrain(t *testing.T) {
	for name, c := range map[string]struct {
		plan []page
		want string // in the error; "" for none
	}{
		"follows the tokens of both":  {[]page{{"nodes", 7}, {"nodes", 7}, {"pods", 5}, {"pods", 10}}, ""},
		"nodes may come once more":    {[]page{{"pods", 5}, {"pods", 10}, {"nodes", 7}, {"nodes", 7}}, ""},
		"ends too early":              {[]page{{"nodes", 7}, {"nodes", 7}, {"pods", 5}}, "pods: the plan ends before the pages do"},
		"leaves a resource too early": {[]page{{"nodes", 7}, {"pods", 5}, {"pods", 10}}, "nodes: the plan ends before the pages do"},
		"has no plan":                 {nil, "no pages"},
	} {
		t.Run(name, func(t *testing.T) {
			handler := &paged{}
			server := httptest.NewServer(handler)
			defer server.Close()
			count, err := newDrain(&rest.Config{Host: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			got, err := count(t.Context(), c.plan)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want %q in it", err, c.want)
				}
				return
			}
			if err != nil || got.Bytes == 0 {
				t.Fatalf("%d bytes, %v", got.Bytes, err)
			}
			for i, p := range c.plan {
				want := fmt.Sprintf("%s %d %q", p.Resource, p.Limit, []string{"", "next"}[i%2])
				if handler.asked[i] != want {
					t.Errorf("request %d is %s, want %s", i, handler.asked[i], want)
				}
			}
		})
	}
}

func TestDrainFailsOnErrors(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	count, err := newDrain(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := count(t.Context(), []page{{"pods", 5}}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("error %v, want one with 404", err)
	}
}

// TestProxyCountsWhatDrainReads sends drain, which counts for itself, through
// the proxy.
func TestProxyCountsWhatDrainReads(t *testing.T) {
	server := httptest.NewTLSServer(&paged{})
	defer server.Close()
	dir := t.TempDir()
	through, err := startProxy(t.Context(), kubeconfigFor(t, dir, server.URL), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer through.stop()
	cfg, err := clientcmd.BuildConfigFromFlags("", through.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	count, err := newDrain(cfg)
	if err != nil {
		t.Fatal(err)
	}
	got, err := count(t.Context(), []page{{"nodes", 7}, {"nodes", 7}, {"pods", 5}, {"pods", 10}})
	if err != nil {
		t.Fatal(err)
	}
	taken := through.take()
	if taken["nodes"] == 0 || taken["pods"] == 0 || taken["nodes"]+taken["pods"] != got.Bytes {
		t.Errorf("the proxy saw %v, drain read %d bytes", taken, got.Bytes)
	}
	if again := through.take(); len(again) != 0 {
		t.Errorf("taken twice: %v", again)
	}
}

// kubeconfigFor does without the server's certificate, which httptest makes.
func kubeconfigFor(t *testing.T, dir, server string) string {
	t.Helper()
	path := filepath.Join(dir, "kubeconfig")
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"c",
"clusters":[{"name":"c","cluster":{"server":%q,"insecure-skip-tls-verify":true}}],
"contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],
"users":[{"name":"u","user":{"token":"t"}}]}`, server)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWorker(t *testing.T) {
	server := httptest.NewServer(&paged{})
	defer server.Close()
	kubeconfig := kubeconfigFor(t, t.TempDir(), server.URL)
	for name, c := range map[string]struct {
		args  []string
		stdin string
		want  string // in the output, or in the error
		ok    bool
	}{
		"counts per line": {[]string{"drain", kubeconfig}, `[{"resource":"pods","limit":5},{"resource":"pods","limit":5}]` + "\n", greeting + "\n" + `{"nodes":null,`, true},
		"nothing asked":   {[]string{"drain", kubeconfig}, "", greeting, true},
		"unknown name":    {[]string{"magic", kubeconfig}, "", `"magic"`, false},
		"no kubeconfig":   {[]string{"drain"}, "", "kubeconfig", false},
		"a plan cut off":  {[]string{"drain", kubeconfig}, `[{"reso`, "reading a plan", false},
		"a count fails":   {[]string{"drain", kubeconfig}, "[]\n", "no pages", false},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			err := work(t.Context(), c.args, strings.NewReader(c.stdin), &out)
			said := out.String()
			if err != nil {
				said = err.Error()
			}
			if (err == nil) != c.ok || !strings.Contains(said, c.want) {
				t.Errorf("%v, output %q; want %q, success %t", err, out.String(), c.want, c.ok)
			}
		})
	}
}
