package collector

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// TestGoldenExposition compares the whole body of a scrape. The bubble's clock makes
// times part of it.
func TestGoldenExposition(t *testing.T) {
	bubble(t, func(t *testing.T) {
		golden(t, "small_cluster.prom", start(t, small(), steady()).scrape("10"))
	})
}

func TestGoldenLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := start(t, small(), steady())
		e.scrape("10")
		golden(t, "small_cluster.log", e.log.String())
	})
}

func TestGoldenPassesPromlint(t *testing.T) {
	file, err := os.Open("testdata/small_cluster.prom")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	problems, err := promlint.New(file).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

// TestDemoCluster checks the numbers that the README promises.
func TestDemoCluster(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := small()
		cfg.Nodes, cfg.Pods, cfg.EmptyNodes, cfg.UnknownNode = 104, 9842, 0, 0
		body := start(t, cfg, steady()).scrape("10")
		nodes, sum := series(body, "node_active_pods"), 0
		for _, line := range nodes {
			var pods int
			if _, err := fmt.Sscan(line[strings.LastIndexByte(line, ' ')+1:], &pods); err != nil {
				t.Fatal(err)
			}
			sum += pods
		}
		if len(nodes) != 104 || sum != 9842 {
			t.Errorf("%d nodes hold %d pods, want 104 and 9842", len(nodes), sum)
		}
		var pages float64
		if _, err := fmt.Sscan(value(body, "pod_count_pages_total"), &pages); err != nil || pages > 20 || pages < 1 {
			t.Errorf("pod_count_pages_total is %v (%v), want 1 to 20", pages, err)
		}
	})
}
