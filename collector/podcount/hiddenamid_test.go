package podcount

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestHiddenAmidACount has a proxy that hides rows without objects come to stand before a
// server that has listed pods as such rows, in a count that is interrupted there: what comes
// after a failure is not believed because of what came before.
func TestHiddenAmidACount(t *testing.T) {
	turnAmidACount(t, false, http.StatusServiceUnavailable)
}

// turnAmidACount has a proxy that hides rows come, or go if it is there first, in a count that
// is interrupted by failures with usual codes or this one.
func turnAmidACount(t *testing.T, there bool, code int) {
	t.Helper()
	for _, namespaces := range [][]string{nil, {"a", "b", "c"}} {
		for _, pods := range []int{400, 4000} { // of one page in each namespace, or some
			for _, code := range []int{http.StatusGone, http.StatusBadRequest, http.StatusNotFound, http.StatusTooManyRequests, http.StatusInternalServerError, code} {
				for _, times := range []int{1, 5} {
					for _, failing := range []int{1, 2, 3} {
						if pods == 400 && times == 1 && (code == http.StatusGone || code == http.StatusBadRequest) {
							continue // it is taken to be about the resourceVersion of the namespace before
						}
						t.Run(fmt.Sprintf("%d namespaces, %d pods, %d of %d at request %d", len(namespaces), pods, times, code, failing), func(t *testing.T) {
							synctest.Test(t, func(t *testing.T) {
								h := &hiding{limited: limited{pods: pods, most: 10_000, fail: hang}, objects: there}
								h.turning(t, namespaces, failing, times, code)
							})
						})
					}
				}
			}
		}
	}
}

// turning has one request for pods and those after it fail, and then the proxy come or go.
func (h *hiding) turning(t *testing.T, namespaces []string, failing, times, code int) {
	t.Helper()
	c, n := h.counter(t), 0
	c.cfg.Namespaces = namespaces
	c.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(r.URL.Path, Pods) {
			return h.lookedUp(r)
		}
		if n++; n >= failing && n < failing+times {
			h.objects = h.objects != (n == failing)
			getConn(r.Context())
			return statusOf(code)(r)
		}
		return h.RoundTrip(r)
	})
	if right := h.right(t, c); right < 5 {
		t.Errorf("%d of 8 counts are right", right)
	}
}

// right returns how many of eight counts are right. Those that fail are not, and none may be
// wrong.
func (h *hiding) right(t *testing.T, c *Counter) (right int) {
	t.Helper()
	want := h.pods * max(1, len(c.cfg.Namespaces))
	for range 8 {
		switch s, err := countOnce(t.Context(), c, &recorder{}); {
		case err != nil:
		case s.ActivePods() == want:
			right++
		default:
			t.Errorf("%s by %s, want %d pods", line(s), s.Source, want)
		}
		time.Sleep(time.Minute)
	}
	return right
}

// TestFailuresBeforeEmptyNamespaces has requests of a server that hides nothing fail, before
// namespaces without pods: they are counted in another form, and the next count is in the best.
func TestFailuresBeforeEmptyNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hiding{limited: limited{pods: 400, most: 10_000, fail: hang}}
		c := h.counter(t)
		c.cfg.Namespaces = []string{"a", "empty"}
		fails := 0
		c.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if !strings.Contains(r.URL.Path, "/empty/") {
				return h.RoundTrip(r)
			}
			getConn(r.Context())
			if fails > 0 {
				fails--
				return statusOf(http.StatusServiceUnavailable)(r)
			}
			return answerOf(`{"kind":"Table","metadata":{"resourceVersion":"1"},"columnDefinitions":[{"name":"Node"}],"rows":[]}`), nil
		})
		for i, want := range []Source{SourceTable, SourceTableMetadata, SourceTable, SourceTable} {
			fails = 0
			if i == 1 {
				fails = 3 // the first two are taken for the resourceVersion
			}
			s, err := countOnce(t.Context(), c, &recorder{})
			if err != nil || s.ActivePods() != 400 || s.Source != want {
				t.Errorf("count %d: %s by %s, error %v; want 400 pods by %s", i+1, line(s), s.Source, err, want)
			}
			time.Sleep(5 * time.Minute)
		}
	})
}

// TestHiddenAfterALookup has the look-up of a namespace without pods fail, and then a proxy hide
// rows.
func TestHiddenAfterALookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hiding{limited: limited{pods: 400, most: 10_000, fail: hang}}
		c := h.counter(t)
		c.cfg.Namespaces = []string{"a", "empty", "c"}
		c.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if !strings.Contains(r.URL.Path, "/empty") {
				return h.RoundTrip(r)
			}
			getConn(r.Context())
			switch {
			case strings.HasSuffix(r.URL.Path, Pods):
				return answerOf(`{"kind":"Table","metadata":{"resourceVersion":"1"},"columnDefinitions":[{"name":"Node"}],"rows":[]}`), nil
			case h.objects:
				return answerOf(`{"kind":"Namespace"}`), nil
			default:
				h.objects = true
				return statusOf(http.StatusServiceUnavailable)(r)
			}
		})
		s, err := countOnce(t.Context(), c, &recorder{})
		if err != nil || s.ActivePods() != 800 {
			t.Errorf("%s, error %v, want 800 pods", line(s), err)
		}
	})
}

// TestCutShortBeforeAnEmptyNamespace has new credentials cut a count of a usual server short,
// which says nothing of what it hides: nothing is counted twice.
func TestCutShortBeforeAnEmptyNamespace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hiding{limited: limited{pods: 400, most: 10_000, fail: hang}}
		c := h.counter(t)
		c.cfg.Namespaces = []string{"a", "empty"}
		ctx, cut := context.WithCancel(t.Context())
		c.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if !strings.Contains(r.URL.Path, "/empty") {
				return h.RoundTrip(r)
			}
			getConn(r.Context())
			if ctx.Err() == nil {
				cut()
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answerOf(`{"kind":"Table","metadata":{"resourceVersion":"1"},"columnDefinitions":[{"name":"Node"}],"rows":[]}`), nil
		})
		if _, err := countOnce(ctx, c, &recorder{}); err == nil {
			t.Fatal("it was not cut short")
		}
		s, err := countOnce(t.Context(), c, &recorder{})
		if err != nil || s.ActivePods() != 400 || s.Source != SourceTable || len(h.limits) != 1 {
			t.Errorf("%s by %s, in %d requests for pods, error %v; want 400 pods by one", line(s), s.Source, len(h.limits), err)
		}
	})
}
