package podcount

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestHiddenFromOtherCredentials has the credentials change amid a count, at its first request
// for pods or a later one, behind a proxy that hides rows without objects from those that come,
// or from the former ones: neither part is believed because of the other.
func TestHiddenFromOtherCredentials(t *testing.T) {
	for _, namespaces := range [][]string{nil, {"a", "b"}} {
		for at := 1; at <= 4; at++ {
			if namespaces == nil && at > 3 { // there are three pages
				continue
			}
			for _, hidden := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d namespaces, at request %d, hidden before %t", len(namespaces), at, hidden), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						h := &hiding{limited: limited{pods: 4000, most: 10_000, fail: hang}, objects: hidden}
						h.renewedAmid(t, namespaces, at)
					})
				})
			}
		}
	}
}

// renewedAmid has a count cut short at a request for pods, and other credentials go on with it,
// which the proxy hides rows from if it did not do so before, and else does not: all counts are
// right.
func (h *hiding) renewedAmid(t *testing.T, namespaces []string, at int) {
	t.Helper()
	ctx, cut := context.WithCancel(t.Context())
	defer cut()
	n := 0
	credentials := func() *Counter {
		c := h.counter(t)
		c.cfg.Namespaces = namespaces
		c.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, Pods) {
				return h.lookedUp(r)
			}
			if n++; n == at {
				getConn(r.Context())
				cut()
				return hang(r)
			}
			return h.RoundTrip(r)
		})
		return c
	}
	c := credentials()
	if _, err := countOnce(ctx, c, &recorder{}); err == nil {
		t.Fatal("it was not cut short")
	}
	next := credentials()
	next.Resume(c)
	h.objects = !h.objects
	for range 3 {
		s, err := countOnce(t.Context(), next, &recorder{})
		if want := h.pods * max(1, len(namespaces)); err != nil || s.ActivePods() != want {
			t.Errorf("%s, error %v, want %d pods", line(s), err, want)
		}
		time.Sleep(time.Minute)
	}
}

// lookedUp answers like hiding, and every namespace exists.
func (h *hiding) lookedUp(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "/namespaces/") && !strings.HasSuffix(r.URL.Path, Pods) {
		getConn(r.Context())
		return answerOf(`{"kind":"Namespace"}`), nil
	}
	return h.RoundTrip(r)
}

// TestHiddenFromOtherCredentialsAmidAnAudit has the same happen to an audit of a cluster that is
// followed: no event was lost.
func TestHiddenFromOtherCredentialsAmidAnAudit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, first := interceptedCluster(t, func(cfg *Config) { cfg.PageSize, cfg.MaxPageSize = 2, 2 })
		_, stop := following(t, api.troubled, first)
		time.Sleep(time.Minute)
		var hides atomic.Bool
		reached := make(chan struct{})
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if lists(r, Pods) && r.URL.Query().Get("continue") != "" {
				close(reached)
				return hang(r)
			}
			return nil, nil
		})
		<-reached // an audit's second page
		stop()
		hides.Store(true)
		api.hiding(&hides)
		w, stop := following(t, api.troubled, api.successor(t, first))
		defer stop()
		time.Sleep(4 * time.Minute)
		w.shows(ModeWatch)
		audits := 0
		for _, e := range w.told() {
			if e.Audit != nil && e.Audit.Err == nil {
				audits++
			}
		}
		if audits == 0 {
			t.Error("there was no audit")
		}
	})
}
