package podcount

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errReset = errors.New("connection reset by peer")

// refusedWith answers every request with a status, and with headers.
func refusedWith(code int, header ...string) step {
	return body(code, fmt.Sprintf(`{"kind":"Status","code":%d}`, code), header...)
}

// brokenAtOnce answers with headers, and breaks off.
func brokenAtOnce(r *http.Request) (*http.Response, error) {
	return answerWith(r, http.StatusOK, io.NopCloser(failing(func() error { return errReset }))), nil
}

// outage has each request answered like this from now on, and cuts the streams. It
// returns the times at which each stream is asked for.
func (i *intercepted) outage(answer step) *asks {
	asked := &asks{}
	i.answerBy(func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Get("watch") != "" {
			asked.note(r)
		}
		return answer(r)
	})
	i.turn(nil)
	return asked
}

// waits returns the times between the attempts at each stream.
func (a *asks) waits() map[string][]time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := map[string][]time.Duration{}
	for stream, at := range a.at {
		for i := range at[1:] {
			all[stream] = append(all[stream], at[i+1].Sub(at[i]))
		}
	}
	return all
}

// growing are the longest waits: they double up to half a minute.
func growing(attempts int) []time.Duration {
	limits := make([]time.Duration, attempts)
	for i := range limits {
		limits[i] = min(250*time.Millisecond<<min(i, 20), 30*time.Second)
	}
	return limits
}

// TestStreamsAreReopenedAfterGrowingWaits has a server refuse everything, or break off.
// Each stream is asked for again after waits that grow, of a minute at most.
func TestStreamsAreReopenedAfterGrowingWaits(t *testing.T) {
	part := func(of float64) func(time.Duration) time.Duration {
		return func(limit time.Duration) time.Duration { return time.Duration(of * float64(limit)) }
	}
	for _, tt := range []struct {
		name   string
		answer step
		jitter float64
		wait   func(limit time.Duration) time.Duration
		times  int // at least
	}{
		{"500", refusedWith(http.StatusInternalServerError), 0.5, part(0.5), 20},
		{"500, long waits", refusedWith(http.StatusInternalServerError), 0.999, part(0.999), 12},
		{"503", refusedWith(http.StatusServiceUnavailable), 0.5, part(0.5), 20},
		{"no connection", broken(errRefused), 0.5, part(0.5), 20},
		{"a connection that breaks after the headers, until the cluster is listed", brokenAtOnce, 0.5, part(0.5), 3},
		{"429", refusedWith(http.StatusTooManyRequests), 0.5, part(0.5), 20},
		{"429 with 12 seconds", refusedWith(http.StatusTooManyRequests, "Retry-After", "12"), 0.5, func(limit time.Duration) time.Duration {
			return max(limit/2, 12*time.Second)
		}, 15},
		{"429 with an hour", refusedWith(http.StatusTooManyRequests, "Retry-After", "3600"), 0.5, func(time.Duration) time.Duration { return time.Minute }, 4},
		{"503 with 40 seconds", refusedWith(http.StatusServiceUnavailable, "Retry-After", "40"), 0.5, func(time.Duration) time.Duration { return 40 * time.Second }, 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.Jitter = func() float64 { return tt.jitter } })
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(90 * time.Second)
				w.shows(ModeWatch)
				asked := api.outage(tt.answer)
				time.Sleep(5 * time.Minute)
				all := asked.waits()
				if len(all) != 3 {
					t.Errorf("streams of %d kinds, want 3", len(all))
				}
				for stream, waits := range all {
					if len(waits) < tt.times {
						t.Errorf("%s: %d waits, want %d at least", stream, len(waits), tt.times)
					}
					for i, limit := range growing(len(waits)) {
						if want := tt.wait(limit); waits[i] != want {
							t.Fatalf("%s: wait %d is %s, want %s, after %v", stream, i, waits[i], want, waits[:i])
						}
					}
				}
			})
		})
	}
}

// TestWaitsOfStreamsAreSpread draws each wait anew: streams that broke at the same moment
// are not asked for again at the same moment.
func TestWaitsOfStreamsAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		random := rand.New(rand.NewPCG(1, 2))
		api, watcher := interceptedCluster(t, func(cfg *Config) {
			cfg.Jitter = func() float64 {
				mu.Lock()
				defer mu.Unlock()
				return random.Float64()
			}
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(90 * time.Second)
		w.shows(ModeWatch)
		asked := api.outage(refusedWith(http.StatusServiceUnavailable))
		time.Sleep(5 * time.Minute)
		seen := map[time.Duration]bool{}
		for stream, waits := range asked.waits() {
			for i, limit := range growing(len(waits)) {
				if waits[i] > limit || seen[waits[i]] {
					t.Errorf("%s: wait %d is %s, want one of %s at most that no other has", stream, i, waits[i], limit)
				}
				seen[waits[i]] = true
			}
			if longest := slices.Max(waits); longest < 10*time.Second {
				t.Errorf("%s: the longest wait is %s", stream, longest)
			}
		}
		if len(seen) < 30 {
			t.Errorf("%d waits, want 30 at least", len(seen))
		}
	})
}

// TestStreamThatLivedResetsTheWaits has a second outage follow a first one. Streams that
// were open for a minute in between are asked for again at once, and after short waits;
// others wait as long as they have come to.
func TestStreamThatLivedResetsTheWaits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lived time.Duration
		want  []time.Duration // from the second outage on
	}{
		{"long enough", 61 * time.Second, []time.Duration{0, 125 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond}},
		{"too short", 40 * time.Second, []time.Duration{15 * time.Second, 15 * time.Second, 15 * time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(90 * time.Second)
				api.outage(refusedWith(http.StatusServiceUnavailable))
				time.Sleep(3 * time.Minute)
				api.answerBy(nil)
				for w.state().Interrupted != nil {
					time.Sleep(100 * time.Millisecond)
				}
				time.Sleep(tt.lived)
				w.shows(ModeWatch)
				began := time.Now()
				asked := api.outage(refusedWith(http.StatusServiceUnavailable))
				time.Sleep(2 * time.Minute)
				asked.mu.Lock()
				defer asked.mu.Unlock()
				if len(asked.at) != 3 {
					t.Errorf("streams of %d kinds, want 3", len(asked.at))
				}
				for stream, at := range asked.at {
					last := began
					for i, want := range tt.want {
						if i == len(at) || at[i].Sub(last) != want {
							t.Fatalf("%s: asked for at %v, want after waits of %v from %v on", stream, at, tt.want, began)
						}
						last = at[i]
					}
				}
			})
		})
	}
}
