package store

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// server answers with one node, and with pages of one pod each. The second one takes ten
// seconds, unless the request is cancelled before.
type server struct{ asked *notes }

func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	token := r.URL.Query().Get("continue")
	s.asked.add("%s?%s", strings.TrimPrefix(r.URL.Path, "/api/v1/"), token)
	body := `{"kind":"NodeList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"n"}}]}`
	if strings.HasSuffix(r.URL.Path, "/pods") {
		next := `,"continue":"second"`
		if token != "" {
			next = ""
			select {
			case <-time.After(10 * time.Second):
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		body = `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"` + next + `},"items":[{"spec":{"nodeName":"n"},"status":{"phase":"Running"}}]}`
	}
	header := http.Header{"Content-Type": {"application/json"}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// Credentials change amid a count, and change again before it has ended, as when several files
// are written one after the other. What the count had is not lost.
func TestReloadsInARow(t *testing.T) {
	for _, tt := range []struct {
		name   string
		faults []bool // of the Counters that follow each other at once
	}{
		{"one reload", []bool{false}},
		{"two", []bool{false, false}},
		{"a fault", []bool{true, false}},
		{"a fault after another change", []bool{false, true, false}},
		{"a change between faults", []bool{true, false, true, false}},
		{"two changes before a fault", []bool{false, false, true, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, _ := newStore(t, nil)
				asked := &notes{}
				counter := func() Counter {
					c, err := podcount.New(podcount.DefaultConfig(), &http.Client{Transport: server{asked}}, &url.URL{Scheme: "http", Host: "host"})
					if err != nil {
						t.Fatal(err)
					}
					return c
				}
				s.Set(Target{Name: "a", Server: "same", Counter: counter()})
				s.Warm()
				time.Sleep(time.Second)
				if got := asked.take(); !slices.Equal(got, []string{"nodes?", "pods?", "pods?second"}) {
					t.Fatalf("asked for %q", got)
				}
				for i, fault := range tt.faults {
					next := Unusable(errors.New("a fault"))
					if !fault {
						next = counter()
					}
					if i > 0 && tt.faults[i-1] {
						time.Sleep(time.Second) // the fault is mended later
					}
					s.Set(Target{Name: "a", Server: "same", Counter: next})
				}
				s.Warm()
				if v := await(t, s.Find("a")); v.Err != nil {
					t.Error(v.Err)
				}
				time.Sleep(20 * time.Second)
				if got := asked.take(); slices.Contains(got, "pods?") || !slices.Contains(got, "pods?second") {
					t.Errorf("asked for %q, want to go on at the second page", got)
				}
			})
		})
	}
}
