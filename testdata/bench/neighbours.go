package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

const (
	// slowPage is how long each page of a slow cluster takes.
	slowPage = 10 * time.Second
	// usualPage is that of the others, for an API server some way off.
	usualPage = 20 * time.Millisecond
)

// addGood adds the clusters that are well.
func addGood(s *sims, cfg config) error {
	for i := range cfg.clusters {
		if err := s.add(fmt.Sprintf("good-%03d", i), simulated(cfg, i, usualPage)); err != nil {
			return err
		}
	}
	return nil
}

// addNeighbours adds clusters that are bad, each in another way than the one before.
func addNeighbours(s *sims, cfg config, n int) error {
	for i := range n {
		name, latency, intercept := "dead", usualPage, dead
		switch i % 3 {
		case 1:
			name, latency, intercept = "slow", slowPage, nil
		case 2:
			name, intercept = "endless", endless()
		}
		c := simulated(cfg, cfg.clusters+i, latency)
		c.Intercept = intercept
		if err := s.add(fmt.Sprintf("%s-%03d", name, i), c); err != nil {
			return err
		}
	}
	return nil
}

func simulated(cfg config, i int, latency time.Duration) kubesim.Config {
	return kubesim.Config{
		Nodes: cfg.nodes, Pods: cfg.pods[0], ImagesPerNode: cfg.images, Seed: cfg.seed + uint64(i),
		Latency: func(int, int) time.Duration { return latency },
	}
}

// dead takes requests and never answers.
func dead(http.Handler) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

// endless answers with full pages of pods, and each has another continue token.
func endless() func(http.Handler) http.Handler {
	row := `{"cells":["pod","node-1"]}`
	return func(nodes http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
			if err != nil || !strings.HasSuffix(r.URL.Path, "/pods") {
				nodes.ServeHTTP(w, r)
				return
			}
			time.Sleep(usualPage)
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"kind":"Table","metadata":{"resourceVersion":"1","continue":"%d"},"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[%s`,
				time.Now().UnixNano(), row)
			_, _ = io.WriteString(w, strings.Repeat(","+row, limit-1)+"]}")
		})
	}
}
