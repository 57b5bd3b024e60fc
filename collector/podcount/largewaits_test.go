package podcount

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestFewEventsWait has long events wait for a place, more of them than there are places:
// those of the slowest clusters are refused at once. Pages wait as long as they must.
func TestFewEventsWait(t *testing.T) {
	for _, event := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			budget := NewBudget(128 << 20)
			var all sync.WaitGroup
			refused := map[time.Duration]int{}
			comes := func(pace time.Duration) *turn {
				own := &turn{account: newAccount(budget), exchange: openExchange(t), event: event}
				own.account.pace = pace
				all.Go(func() {
					if !own.enter() {
						refused[own.account.pace]++
						return
					}
					time.Sleep(time.Second)
					own.leave()
				})
				synctest.Wait()
				return own
			}
			places := (&turn{account: newAccount(budget), event: event}).rooms()[0].places
			for range places { // which get them
				comes(0)
			}
			for i := range places {
				comes(time.Duration(i))
			}
			if len(refused) > 0 {
				t.Errorf("refused: %v, want none", refused)
			}
			comes(time.Hour) // slower than all
			comes(0)
			want := map[time.Duration]int{time.Hour: 1, time.Duration(places - 1): 1}
			if !event {
				want = nil
			}
			if len(refused) != len(want) || refused[time.Hour] != want[time.Hour] || refused[time.Duration(places-1)] != want[time.Duration(places-1)] {
				t.Errorf("refused: %v, want %v", refused, want)
			}
			all.Wait()
			for _, room := range budget.rooms {
				if len(room.reading)+len(room.waiting) > 0 {
					t.Errorf("%d read and %d wait at the end", len(room.reading), len(room.waiting))
				}
			}
		})
	}
}

// closing is a connection that is only closed.
type closing struct {
	net.Conn
	closed bool
}

func (c *closing) SetDeadline(time.Time) error { return nil }

func (c *closing) Close() error {
	c.closed = true
	return nil
}

// TestRefusedEventIsNoFault has no place for a long event to wait in: this process is busy,
// the connection stays, and the stream is opened again.
func TestRefusedEventIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := NewBudget(128 << 20)
		api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.Budget = budget })
		conn := &closing{}
		first := true
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/nodes") || r.URL.Query().Get("watch") == "" || !first {
				return nil, nil
			}
			first = false
			httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{Conn: conn})
			event := rowEvent(1<<40, `"x":"`+strings.Repeat("x", 2*eventValueBytes)+`"`)
			return answerWith(r, http.StatusOK, io.NopCloser(io.MultiReader(strings.NewReader(event), until(r.Context().Done())))), nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		var others sync.WaitGroup
		for range 2 * budget.rooms[0].places {
			others.Go(func() {
				own := &turn{account: newAccount(budget), exchange: newExchange(ctx, time.Hour, make(chan struct{}, 1), nil), event: true}
				defer own.exchange.close()
				if own.enter() {
					for range 20 { // never silent
						own.progressed()
						time.Sleep(100 * time.Millisecond)
					}
				}
				own.leave()
			})
			synctest.Wait()
		}
		w, stop := following(t, api.troubled, watcher)
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
		stop()
		cancel()
		others.Wait()
		w.mu.Lock()
		defer w.mu.Unlock()
		var ends []*StreamEnded
		for _, e := range w.why {
			if e.Ended != nil {
				ends = append(ends, e.Ended)
			}
		}
		if len(ends) != 1 || ends[0].Reason != EndSilent || !errors.Is(ends[0].Failure, errBusy) || conn.closed {
			t.Errorf("the streams that ended: %+v; the connection is closed: %t", ends, conn.closed)
		}
	})
}
