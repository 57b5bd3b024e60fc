package main

import (
	"strings"
	"testing"
	"time"
)

func TestParseViews(t *testing.T) {
	views, series, err := parseViews(`# HELP node_active_pods Pods.
# TYPE node_active_pods gauge
node_active_pods{cluster="a",node="x"} 3
node_active_pods{cluster="a",node="y z"} 0
node_active_pods{cluster="b",node="x"} 1e+02
pod_count_success{cluster="a"} 1
pod_count_success{cluster="b"} 0
pod_count_last_success_timestamp_seconds{cluster="a"} 1.5e+09
pod_count_last_success_timestamp_seconds{cluster="b"} 0
go_goroutines 7
`)
	if err != nil || series != 8 || len(views) != 2 {
		t.Fatalf("%d series, %d clusters, %v", series, len(views), err)
	}
	if a := *views["a"]; a != (view{nodes: 2, pods: 3, success: true, counted: time.Unix(1_500_000_000, 0)}) {
		t.Errorf("a is %+v", a)
	}
	if b := *views["b"]; b != (view{nodes: 1, pods: 100}) {
		t.Errorf("b is %+v", b)
	}
	if _, _, err := parseViews(`pod_count_success{cluster="a"} many`); err == nil || !strings.Contains(err.Error(), "many") {
		t.Errorf("a value that is none: %v", err)
	}
}

func TestQuantile(t *testing.T) {
	values := []time.Duration{5, 1, 4, 2, 3}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 3, 0.95: 5, 1: 5} {
		if got := quantile(values, q); got != want {
			t.Errorf("quantile %v is %d, want %d", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
}
