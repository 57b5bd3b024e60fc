package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/go-kit/log/level"
)

// watchInterval is how often the kubeconfigs are looked at.
const watchInterval = 5 * time.Second

// reload reads the kubeconfigs again. An error has been logged, and nothing has
// changed.
func (a *app) reload(cause string) error {
	a.log(level.Info(a.logger), "msg", "Reloading the kubeconfigs", "cause", cause)
	err := a.fleet.load()
	a.collector.Reloaded(err == nil)
	if err != nil {
		a.log(level.Error(a.logger), "msg", "Reloading the kubeconfigs failed, the clusters stay", "err", err)
		return err
	}
	a.collector.Warm()
	return nil
}

// reloadHandler answers when the kubeconfigs have been read.
func (a *app) reloadHandler(w http.ResponseWriter, _ *http.Request) {
	if err := a.reload("request"); err != nil {
		answer(w, http.StatusInternalServerError, "reloading failed: "+err.Error())
		return
	}
	answer(w, http.StatusOK, "reloaded")
}

// follow reloads on each signal, and when the kubeconfigs change, until ctx ends.
func (a *app) follow(ctx context.Context, signals <-chan os.Signal) {
	watch(ctx, watchInterval, signals, a.fleet.changed, func(cause string) {
		_ = a.reload(cause) // which logs
	})
}

func watch(ctx context.Context, every time.Duration, signals <-chan os.Signal, changed func() bool, reload func(cause string)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			reload(fmt.Sprint(s))
		case <-ticker.C:
			if changed() {
				reload("file changed")
			}
		}
	}
}
