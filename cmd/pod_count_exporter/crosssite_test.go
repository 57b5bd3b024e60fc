package main

import (
	"net/http"
	"strings"
	"testing"
)

// Pages of other sites must not have a browser send requests that change something.
// curl and the like send no header that names a site.
func TestOtherSites(t *testing.T) {
	e := start(t, "--kubeconfig="+serveSim(t))
	own := "http://" + e.address
	tests := []struct {
		name, method, path string
		header             map[string]string
		status             int
	}{
		{"curl", http.MethodPost, "/-/reload", nil, 200},
		{"own page", http.MethodPost, "/-/reload", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": own}, 200},
		{"own page of an old browser", http.MethodPost, "/-/reload", map[string]string{"Origin": own}, 200},
		{"typed by the user", http.MethodPost, "/-/reload", map[string]string{"Sec-Fetch-Site": "none"}, 200},
		{"other site", http.MethodPost, "/-/reload", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403},
		{"other site that claims our origin", http.MethodPost, "/-/reload", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": own}, 403},
		{"other port of this host", http.MethodPost, "/-/reload", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"other site in an old browser", http.MethodPost, "/-/reload", map[string]string{"Origin": "https://evil.example"}, 403},
		{"other port in an old browser", http.MethodPost, "/-/reload", map[string]string{"Origin": "http://127.0.0.1:1"}, 403},
		{"page without an origin", http.MethodPost, "/-/reload", map[string]string{"Origin": "null"}, 403},
		{"link on another site", http.MethodGet, "/", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200},
		{"scrape through another site", http.MethodGet, "/metrics", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := strings.Count(e.log.String(), `msg="Reloading the kubeconfigs" cause=request`)
			req, err := http.NewRequestWithContext(t.Context(), tt.method, own+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range tt.header {
				req.Header.Set(name, value)
			}
			status, body := do(t, http.DefaultClient, req)
			if status != tt.status || status == http.StatusForbidden && !strings.Contains(body, "refused: the request comes from a page of another site") {
				t.Errorf("status %d, want %d: %s", status, tt.status, body)
			}
			reloads := strings.Count(e.log.String(), `msg="Reloading the kubeconfigs" cause=request`) - before
			if want := tt.method == http.MethodPost && tt.status == http.StatusOK; (reloads == 1) != want {
				t.Errorf("%d reloads", reloads)
			}
		})
	}
}
