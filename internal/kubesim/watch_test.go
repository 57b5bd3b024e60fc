package kubesim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
)

const active = "spec.nodeName!=," + unfinished

// watchEvent is one line of a watch.
type watchEvent struct {
	Type   string
	Object answer
}

// openWatch starts a watch and returns a reader of its events, nil at its end.
func openWatch(ctx context.Context, t *testing.T, client *http.Client, query string) func() *watchEvent {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://kubesim/api/v1/pods?watch=1&includeObject=None&"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", acceptTable)
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	decoder := json.NewDecoder(response.Body)
	return func() *watchEvent {
		var e watchEvent
		if err := decoder.Decode(&e); err != nil {
			return nil
		}
		return &e
	}
}

// watching runs a test with a server and a client over pipes, in virtual time.
func watching(t *testing.T, test func(t *testing.T, s *Server, client *http.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, small)
		config, stop := s.Start()
		defer stop()
		client, err := rest.HTTPClientFor(config)
		if err != nil {
			t.Fatal(err)
		}
		defer client.CloseIdleConnections()
		test(t, s, client)
	})
}

// TestWatchCountsAreTruth starts from a list, makes random changes, and expects
// that +1 and -1 per event give the truth, without any state per pod.
func TestWatchCountsAreTruth(t *testing.T) {
	for _, start := range []string{"list", "streamed"} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprint(start, ", seed ", seed), func(t *testing.T) {
				watching(t, func(t *testing.T, s *Server, client *http.Client) {
					counts, query := map[string]int{}, "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
					if start == "list" {
						counts = nodesOf(pagesOf(t, s, "/api/v1/pods", acceptTable, 100, nil, "fieldSelector", active))
						query = fmt.Sprint("resourceVersion=", s.Version())
					}
					next := openWatch(t.Context(), t, client, query+"&timeoutSeconds=60&fieldSelector="+active)
					for n := range uint64(200) {
						s.Churn(seed*1000 + n)
					}
					fold(counts, next)
					want := s.Truth()
					counts[""], want.Unscheduled = 0, 0 // the selector leaves them out
					compare(t, counts, want)
				})
			})
		}
	}
}

// fold adds a watch's events to counts by node, until it ends.
func fold(counts map[string]int, next func() *watchEvent) {
	for e := next(); e != nil; e = next() {
		switch e.Type {
		case "ADDED":
			counts[e.Object.Rows[0].Cells[nodeColumn]]++
		case "DELETED":
			counts[e.Object.Rows[0].Cells[nodeColumn]]--
		}
	}
}

func TestWatchEvents(t *testing.T) {
	watching(t, func(t *testing.T, s *Server, client *http.Client) {
		node := s.NodeNames()[0]
		begin := fmt.Sprint("resourceVersion=", s.Version())
		key := s.CreatePod("")
		for _, err := range []error{
			s.BindPod(key, node), s.TouchPod(key), s.SetPhase(key, corev1.PodFailed), s.DeletePod(key),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, tc := range []struct {
			name, query string
			want        []string
		}{
			{"without a selector", begin, []string{"ADDED <none>", "MODIFIED " + node, "MODIFIED " + node, "MODIFIED " + node, "DELETED " + node}},
			{"active pods", begin + "&fieldSelector=" + active, []string{"ADDED " + node, "MODIFIED " + node, "DELETED " + node}},
			{"unscheduled pods", begin + "&fieldSelector=spec.nodeName=", []string{"ADDED <none>", "DELETED <none>"}},
			{"another node", begin + "&fieldSelector=spec.nodeName=other", nil},
			{"from the newest version", fmt.Sprint("resourceVersion=", s.Version()), nil},
			{"without a start", "sendInitialEvents=false&resourceVersionMatch=NotOlderThan", nil},
		} {
			var got []string
			next := openWatch(t.Context(), t, client, tc.query+"&timeoutSeconds=5")
			for e := next(); e != nil; e = next() {
				got = append(got, e.Type+" "+e.Object.Rows[0].Cells[nodeColumn])
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%s: events %q, want %q", tc.name, got, tc.want)
			}
		}
	})
}

func TestWatchTooOld(t *testing.T) {
	watching(t, func(t *testing.T, s *Server, client *http.Client) {
		old := s.Version()
		s.CreatePod("")
		s.Compact()
		next := openWatch(t.Context(), t, client, fmt.Sprint("resourceVersion=", old))
		e := next()
		if e == nil || e.Type != "ERROR" || e.Object.Code != http.StatusGone || !strings.Contains(e.Object.Message, "too old resource version") {
			t.Errorf("event %+v, want an ERROR with code 410", e)
		}
		if next() != nil {
			t.Error("the watch goes on after the ERROR")
		}
	})
}

func TestWatchBookmarks(t *testing.T) {
	watching(t, func(t *testing.T, s *Server, client *http.Client) {
		start := time.Now()
		next := openWatch(t.Context(), t, client, fmt.Sprint("allowWatchBookmarks=true&timeoutSeconds=150&resourceVersion=", s.Version()))
		var at []time.Duration
		for e := next(); e != nil; e = next() {
			if e.Type != "BOOKMARK" || e.Object.Rows[0].Cells[0] != "" || string(e.Object.Rows[0].Object) != "null" {
				t.Errorf("event %+v, want a bookmark with an empty row", e)
			}
			at = append(at, time.Since(start))
		}
		if want := []time.Duration{time.Minute, 2 * time.Minute}; !slices.Equal(at, want) {
			t.Errorf("bookmarks after %v, want %v", at, want)
		}
		if took := time.Since(start); took != 150*time.Second {
			t.Errorf("the watch took %v, want the 150 s it asked for", took)
		}
	})
}

// TestWatchOutlivesCompaction compacts while a watch waits that has seen everything.
func TestWatchOutlivesCompaction(t *testing.T) {
	watching(t, func(t *testing.T, s *Server, client *http.Client) {
		next := openWatch(t.Context(), t, client, fmt.Sprint("timeoutSeconds=60&resourceVersion=", s.Version()))
		for i := range 5 {
			s.CreatePod("")
			if e := next(); e == nil || e.Type != "ADDED" {
				t.Fatalf("event %d is %+v, want ADDED", i+1, e)
			}
			s.Compact()
			s.Compact()
			synctest.Wait()
		}
	})
}

func TestWatchOfWholePods(t *testing.T) {
	watching(t, func(t *testing.T, s *Server, client *http.Client) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			fmt.Sprint("http://kubesim/api/v1/pods?watch=1&timeoutSeconds=5&resourceVersion=", s.Version()), nil)
		if err != nil {
			t.Fatal(err)
		}
		key := s.CreatePod("")
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		var e struct {
			Type   string
			Object corev1.Pod
		}
		if err := json.Unmarshal(body, &e); err != nil {
			t.Fatal(err)
		}
		if got := e.Object.Namespace + "/" + e.Object.Name; e.Type != "ADDED" || e.Object.Kind != "Pod" || got != key {
			t.Errorf("event %s of %s %s, want ADDED of Pod %s", e.Type, e.Object.Kind, got, key)
		}
	})
}

// TestWatchAges has a pod that is made long after its watch began: its age is not
// negative.
func TestWatchAges(t *testing.T) {
	watching(t, func(t *testing.T, s *Server, client *http.Client) {
		next := openWatch(t.Context(), t, client, fmt.Sprint("resourceVersion=", s.Version()))
		time.Sleep(10 * time.Minute)
		s.CreatePod(s.NodeNames()[0])
		const ageColumn = 4
		if event := next(); event == nil || event.Object.Rows[0].Cells[ageColumn] != "0s" {
			t.Errorf("event %+v, want a row of age 0s", event)
		}
	})
}
