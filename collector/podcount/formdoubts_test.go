package podcount

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestDoubts has forms list no pods: which one is tried next, if any.
func TestDoubts(t *testing.T) {
	for name, tt := range map[string]struct {
		works, first, at int
		empty            bool // what was listed before
		other            int  // 0: none
	}{
		"rows without objects":                  {0, 0, 0, false, 1},
		"rows with metadata, after those":       {0, 0, 1, true, 0},
		"rows with metadata, which work":        {1, 1, 1, false, 0},
		"a look":                                {2, 0, 0, false, 1},
		"a look goes on":                        {2, 0, 1, true, 2},
		"a look has come to the one that works": {2, 0, 2, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f, s := &forms{at: tt.works}, &search{first: tt.first, empty: tt.empty}
			s.use(tt.at)
			if other, doubtful := f.doubts(s); other != tt.other || doubtful != (tt.other > 0) {
				t.Errorf("%d, %t; want %d", other, doubtful, tt.other)
			}
		})
	}
}

// TestTrustInAForm has a count list no pods: a form that has listed some is still trusted, and
// one that has taken its place is not.
func TestTrustInAForm(t *testing.T) {
	for other := range 2 {
		f, now := &forms{trusted: true}, time.Now()
		s := f.begin(now)
		s.use(other)
		if f.found(s, false, now); f.trusted != (other == 0) {
			t.Errorf("after form 0, form %d is trusted: %t", other, f.trusted)
		}
	}
}

// TestNoObjectsAndNoMetadata has a proxy hide all rows without objects, and refuse those with
// metadata: whole pods are listed.
func TestNoObjectsAndNoMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &patient{t: t}
		p.pods = func(r *http.Request) (*http.Response, error) {
			switch source := sourceOf(r); source {
			case SourceTable:
				return podPage("")(r)
			case SourceTableMetadata:
				return status(http.StatusNotAcceptable, "")(r)
			default:
				return onePod(source)(r)
			}
		}
		p.renew(nil)
		if s := p.visits(1, 0); s.Source != SourceList || s.Nodes[0].ActivePods != 1 {
			t.Errorf("listed as %s: %s", s.Source, line(s))
		}
	})
}
