package podcount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// occupied is a gate that has places for some answers, then for some none, and then for all.
type occupied struct{ free, busy int }

func (g *occupied) Enter(ctx context.Context, _ bool, _ func()) (Place, error) {
	if g.free--; g.free >= 0 || g.free < -g.busy {
		return yieldPlace{&yieldGate{}}, nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestNoPlaceKeepsThePageSize has this process be too busy to read answers, up to a whole
// count long: the rows per page are not at fault, even when more of them are tried.
func TestNoPlaceKeepsThePageSize(t *testing.T) {
	attempts := DefaultConfig().PageAttempts
	for resource, before := range map[string]int{Nodes: 0, Pods: 1} {
		for busy := 1; busy <= attempts; busy++ {
			t.Run(fmt.Sprint(resource, " ", busy), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := &patient{t: t}
					p.renew(nil)
					c := p.counter
					c.cfg.Gate = &occupied{free: before, busy: busy}
					c.pods.size *= 2 // a trial, which these small pages do not end
					nodes, pods := *c.nodes, *c.pods
					var seen recorder
					if _, err := countOnce(t.Context(), c, &seen); (err != nil) != (busy == attempts) {
						t.Errorf("the count failed: %v", err)
					}
					if *c.nodes != nodes || *c.pods != pods {
						t.Errorf("the sizes of pages were %+v and %+v, and are %+v and %+v", nodes, pods, *c.nodes, *c.pods)
					}
					for _, page := range seen.pages[before : before+busy] {
						if e := page.Err; e == nil || e.Reason != Timeout || !errors.Is(e, context.DeadlineExceeded) || !strings.HasPrefix(e.Err.Error(), "waiting for a place in which to read the answer: ") {
							t.Errorf("%s page %d, attempt %d: %v", page.Resource, page.Number, page.Attempt, e)
						}
					}
				})
			})
		}
	}
}

// TestHangBeforeAPlace has a server hang within an answer before it takes a place: it is
// at fault, although nobody waits for a place any more.
func TestHangBeforeAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &patient{t: t, ill: nodesOnly, trouble: func(r *http.Request) (*http.Response, error) {
			return answerWith(r, http.StatusOK, io.NopCloser(failing(func() error {
				<-r.Context().Done()
				return r.Context().Err()
			}))), nil
		}}
		p.renew(nil)
		p.counter.cfg.Gate = &occupied{busy: 100}
		before := p.counter.nodes.size
		if _, err := countOnce(t.Context(), p.counter, &recorder{}); err == nil || p.counter.nodes.size >= before {
			t.Errorf("%d rows, then %d: %v", before, p.counter.nodes.size, err)
		}
	})
}
