package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/go-kit/log/level"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
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

// follow reloads on each signal, and when the kubeconfigs' digest changes,
// until ctx ends.
func (a *app) follow(ctx context.Context, signals <-chan os.Signal) {
	digest := func() string { return cluster.Digest(a.fleet.opts) }
	watch(ctx, watchInterval, signals, digest, func(cause string) {
		_ = a.reload(cause) // which logs
	})
}

func watch(ctx context.Context, every time.Duration, signals <-chan os.Signal, digest func() string, reload func(cause string)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	last := digest()
	for {
		cause := ""
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			cause = fmt.Sprint(s)
		case <-ticker.C:
		}
		now := digest()
		if cause == "" && now != last {
			cause = "file changed"
		}
		last = now
		if cause != "" {
			reload(cause)
		}
	}
}
