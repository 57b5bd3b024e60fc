//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
)

// awaitEvent watches path until an object is as wanted.
func (a *api) awaitEvent(t *testing.T, path string, wanted func(object) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.cfg.Host+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // a watch has no end to read up to
	for events := json.NewDecoder(resp.Body); ; {
		var event struct {
			Type   string `json:"type"`
			Object object `json:"object"`
		}
		if err := events.Decode(&event); err != nil {
			t.Fatalf("watching %s: %v", path, err)
		}
		if wanted(event.Object) {
			return
		}
	}
}
