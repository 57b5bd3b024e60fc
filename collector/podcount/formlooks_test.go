package podcount

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestFormThatFailsFromNowOn has a server answer with 500 to the form that worked, for some
// counts or for ever.
func TestFormThatFailsFromNowOn(t *testing.T) {
	for _, tc := range []struct {
		name            string
		change          func(*Config)
		sick, other     int // status of the best form, and of the next one
		counts, failing int
		during, after   Source // it has been mended
	}{
		{"for one count", nil, 500, 200, 1, 1, "", SourceTable},
		{"for two counts", nil, 500, 200, 2, 1, SourceTableMetadata, SourceTable},
		{"for two counts, in namespaces", inNamespaces, 500, 200, 2, 1, SourceTableMetadata, SourceTable},
		{"for an hour", nil, 500, 200, perHour, 1, SourceTableMetadata, SourceTableMetadata},
		{"all Tables", nil, 500, 500, perHour, 1, SourceList, SourceList},
		{"the next one fails otherwise", nil, 500, 502, perHour, 1, SourceList, SourceList},
		{"it is in trouble", nil, 503, 200, perHour, perHour, "", SourceTable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &patient{t: t}
				p.renew(tc.change)
				p.visits(1, 0)
				p.trouble = func(r *http.Request) (*http.Response, error) {
					code := map[Source]int{SourceTable: tc.sick, SourceTableMetadata: tc.other}[sourceOf(r)]
					if code == http.StatusOK {
						return onePod(sourceOf(r))(r)
					}
					return status(code, "")(r)
				}
				p.ill = func(r *http.Request) bool { return tables(r) && !nodesOnly(r) }
				if s := p.visits(tc.counts, tc.failing); tc.during != "" && s.Source != tc.during {
					t.Errorf("listed as %s, want %s", s.Source, tc.during)
				}
				p.ill = nil
				if s := p.visits(1, 0); s.Source != tc.after {
					t.Errorf("mended, it is listed as %s, want %s", s.Source, tc.after)
				}
				if s := p.visits(perHour+1, 0); s.Source != SourceTable {
					t.Errorf("an hour after it was mended, it is listed as %s", s.Source)
				}
			})
		})
	}
}

// TestNoTablesAndAnotherFailure has a server that refuses the best form, fails at the next one,
// and gives whole pods.
func TestNoTablesAndAnotherFailure(t *testing.T) {
	for _, code := range []int{404, 405, 500, 502, 503} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &patient{t: t, ill: tables}
				p.trouble = func(r *http.Request) (*http.Response, error) {
					if sourceOf(r) == SourceTable {
						return status(http.StatusNotAcceptable, "")(r)
					}
					return status(code, "")(r)
				}
				p.renew(nil)
				if s := p.visits(2*perHour, 0); s.Source != SourceList {
					t.Errorf("listed as %s, want %s", s.Source, SourceList)
				}
			})
		})
	}
}

// TestStreamedStartIsNoLook has a start with initial events come when the best form is due again.
func TestStreamedStartIsNoLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		watcher.stale, watcher.forms.at = maxStale, 2
		var whole, asTable atomic.Int32
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			switch start := r.URL.Query().Get("sendInitialEvents") != ""; {
			case start && !nodesOnly(r) && tables(r):
				asTable.Add(1)
			case start && !nodesOnly(r):
				whole.Add(1)
			}
			return nil, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_ = watcher.Count(ctx, &recorder{}, func(*Snapshot) {}) // as it ends is not the matter here
		if whole.Load() == 0 || asTable.Load() > 0 {
			t.Errorf("%d streams of whole pods and %d of Tables, want the former only", whole.Load(), asTable.Load())
		}
	})
}
