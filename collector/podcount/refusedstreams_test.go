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

// TestRefusedCredentialsOfManyStreams has a server refuse the credentials of a cluster with many
// streams for some minutes: few requests are made with them, and all is well soon after.
func TestRefusedCredentialsOfManyStreams(t *testing.T) {
	for _, renewed := range []bool{false, true} {
		t.Run(fmt.Sprint("new credentials ", renewed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, func(cfg *Config) {
					for i := range 20 {
						cfg.Namespaces = append(cfg.Namespaces, fmt.Sprint("n", i))
					}
				})
				w, stop := following(t, api.troubled, watcher)
				defer func() { stop() }()
				time.Sleep(3 * time.Minute)
				var asked atomic.Int32
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					asked.Add(1)
					return refusing(http.StatusUnauthorized)(r), nil
				})
				api.turn(nil)
				time.Sleep(5 * time.Minute)
				if n := asked.Swap(0); n > 100 { // each stream has asked once
					t.Errorf("%d requests in five minutes with credentials that are refused", n)
				}
				time.Sleep(10 * time.Minute)
				if n := asked.Load(); n == 0 || n > 50 {
					t.Errorf("%d requests in the next ten minutes, want some", n)
				}
				api.answerBy(nil)
				wait := refusedWait + 10*time.Second
				if renewed {
					stop()
					w, stop = api.handOver(t, watcher)
					wait = 10 * time.Second
				}
				time.Sleep(wait)
				if s := w.state(); s == nil || s.Mode != ModeWatch || s.Interrupted != nil {
					t.Errorf("the last snapshot is %+v, want one of a cluster that is followed", s)
				}
			})
		})
	}
}

// TestTurnsOfRefusedStreams has the stream that asks alone be answered, fail otherwise, or be
// given up: the next one asks.
func TestTurnsOfRefusedStreams(t *testing.T) {
	no := &PageError{Reason: Unauthorized}
	for name, answer := range map[string]error{
		"answered or given up": nil,
		"failed otherwise":     &PageError{Reason: Server},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var r refused
				first, second := new(stream), new(stream)
				r.note(first, no)
				r.note(second, no)
				r.turn(t.Context(), first)
				var asked atomic.Bool
				go func() {
					r.turn(t.Context(), second)
					asked.Store(true)
				}()
				r.note(second, nil) // says nothing of the first
				synctest.Wait()
				if asked.Load() {
					t.Error("the second asks beside the first")
				}
				r.note(first, answer)
				synctest.Wait()
				if !asked.Load() {
					t.Error("the second waits for nothing")
				}
			})
		})
	}
	t.Run("a start, and the end of a session", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var r refused
			r.note(new(stream), no)
			r.turn(t.Context(), &stream{starting: true})
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			r.turn(ctx, new(stream)) // neither waits for ever
		})
	})
}
