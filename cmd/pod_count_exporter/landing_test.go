package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestLanding: whoever asks for a path that leads nowhere is shown the way to the status
// page, below a proxy's path too. What is there and takes another method is no such path.
func TestLanding(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "status page") })
	mux.HandleFunc("POST /-/reload", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "reloaded") })
	mux.HandleFunc("GET /gone", http.NotFound)
	for _, tt := range []struct {
		name, method, path string
		status             int
		kind, text         string
	}{
		{"a page that is there", http.MethodGet, "/", 200, "text/plain; charset=utf-8", "status page\n"},
		{"no page", http.MethodGet, "/nothing", 404, "text/html; charset=utf-8", "There is no such page."},
		{"no page, deep down", http.MethodGet, "/a/b/c%2Fd", 404, "text/html; charset=utf-8", "There is no such page."},
		{"no page to post to", http.MethodPost, "/nothing", 404, "text/html; charset=utf-8", "There is no such page."},
		{"no page with a hostile name", http.MethodGet, "/%22%3E%3Cscript%3E", 404, "text/html; charset=utf-8", "There is no such page."},
		{"an endpoint's own", http.MethodGet, "/gone", 404, "text/plain; charset=utf-8", "404 page not found\n"},
		{"another method", http.MethodGet, "/-/reload", 405, "text/plain; charset=utf-8", "Method Not Allowed\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			withLanding(mux).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, http.NoBody))
			body := w.Body.String()
			if w.Code != tt.status || w.Header().Get("Content-Type") != tt.kind || !strings.Contains(body, tt.text) || strings.Contains(body, "script") {
				t.Errorf("status %d, %s:\n%s", w.Code, w.Header().Get("Content-Type"), body)
			}
			if tt.kind[:9] != "text/html" {
				return
			}
			link := regexp.MustCompile(`href="([^"]*)"`).FindStringSubmatch(body)
			below, err := url.Parse("http://proxy/exporter" + tt.path)
			if err != nil || link == nil {
				t.Fatalf("%v; no link in %s", err, body)
			}
			if to, err := below.Parse(link[1]); err != nil || to.String() != "http://proxy/exporter/" {
				t.Errorf("%s leads to %v, %v", link[1], to, err)
			}
		})
	}
}
