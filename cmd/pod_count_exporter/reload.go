package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"
)

// watchInterval is how often the kubeconfigs are checked.
const watchInterval = 5 * time.Second

// Causes of a reload, besides signals.
const (
	causeRequest = "request"
	causeChange  = "file changed"
	causeRetry   = "retry"
)

// longestRetry is the longest pause between two attempts, in checks of the files: a
// minute.
const longestRetry = int(time.Minute / watchInterval)

// retry says when to try again what failed: at the next check, and then after pauses
// that double.
type retry struct {
	wanted       bool
	pause, looks int // checks between the latest attempt and the next, and those made so far
}

func (r *retry) reset() { r.pause, r.looks = 0, 0 }

// due counts a check, and says whether it is time for an attempt.
func (r *retry) due() bool {
	if !r.wanted {
		r.reset()
		return false
	}
	if r.looks++; r.looks < r.pause {
		return false
	}
	r.pause, r.looks = min(max(2*r.pause, 2), longestRetry), 0
	return true
}

// reloadHandler answers when the kubeconfigs have been read.
func (a *app) reloadHandler(w http.ResponseWriter, _ *http.Request) {
	if err := a.fleet.reload(causeRequest); err != nil {
		answer(w, http.StatusInternalServerError, "reloading failed: "+err.Error())
		return
	}
	answer(w, http.StatusOK, "reloaded")
}

// follow reloads on each signal, and when the kubeconfigs have changed or must be
// tried again, until ctx ends.
func (a *app) follow(ctx context.Context, signals <-chan os.Signal) {
	watch(ctx, watchInterval, signals, a.fleet.due, func(cause string) {
		_ = a.fleet.reload(cause) // reload logs it
	})
}

func watch(ctx context.Context, every time.Duration, signals <-chan os.Signal, due func() string, reload func(cause string)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			reload(fmt.Sprint(s))
		case <-ticker.C:
			if cause := due(); cause != "" {
				reload(cause)
			}
		}
	}
}
