package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// waitReady asks until /readyz says yes; the default RBAC roles are among what
// it checks.
func waitReady(ctx context.Context, st *state) error {
	cfg, err := clientcmd.BuildConfigFromFlags("", st.path(fileKubeconfig))
	if err != nil {
		return fmt.Errorf("reading %s: %w", fileKubeconfig, err)
	}
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return fmt.Errorf("connecting to the api server: %w", err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if isReady(ctx, client, st.url()) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func isReady(ctx context.Context, client *http.Client, server string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false // not listening yet
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close()) == nil && resp.StatusCode == http.StatusOK
}

// announce tells both a parent process and whoever looks into the folder.
func announce(st *state, stdout io.Writer) error {
	if err := writeFile(st.path(fileReady), []byte(st.url()+"\n")); err != nil {
		return fmt.Errorf("announcing: %w", err)
	}
	if _, err := fmt.Fprintf(stdout, "ready %s\n", st.url()); err != nil {
		return fmt.Errorf("announcing: %w", err)
	}
	return nil
}
