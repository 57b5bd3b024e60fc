package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"
)

// watchInterval is how often the kubeconfigs are looked at.
const watchInterval = 5 * time.Second

// Causes of a reload, beside signals and requests.
const (
	causeChange = "file changed"
	causeRetry  = "retry"
)

// longestRetry is the longest pause between two attempts, in looks at the files: a
// minute.
const longestRetry = int(time.Minute / watchInterval)

// retry says when to try again what failed: at the next look, and after pauses
// that double.
type retry struct {
	wanted       bool
	pause, looks int // the one after the latest attempt, and what is past of it
}

func (r *retry) reset() { r.pause, r.looks = 0, 0 }

// due counts a look.
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
	if err := a.fleet.reload("request"); err != nil {
		answer(w, http.StatusInternalServerError, "reloading failed: "+err.Error())
		return
	}
	answer(w, http.StatusOK, "reloaded")
}

// follow reloads on each signal, and when the kubeconfigs change or want another try,
// until ctx ends.
func (a *app) follow(ctx context.Context, signals <-chan os.Signal) {
	watch(ctx, watchInterval, signals, a.fleet.due, func(cause string) {
		_ = a.fleet.reload(cause) // which logs
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
