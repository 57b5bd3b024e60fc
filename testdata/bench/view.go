package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// view is what a scrape shows of one cluster.
type view struct {
	nodes, pods int
	success     bool
	counted     time.Time // when its snapshot was complete; zero before the first
}

// parseViews reads an exposition of many clusters, line by line: a parser that
// keeps every series would cost as much as the exporter that is measured.
func parseViews(body string) (views map[string]*view, series int, err error) {
	views = map[string]*view{}
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		series++
		name, rest, found := strings.Cut(line, `{cluster="`)
		if !found {
			continue
		}
		cluster, rest, _ := strings.Cut(rest, `"`)
		v := views[cluster]
		if v == nil {
			v = &view{}
			views[cluster] = v
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' ')+1:]), 64)
		if err != nil {
			return nil, 0, fmt.Errorf("reading the exposition: %q: %w", line, err)
		}
		v.take(name, value)
	}
	return views, series, nil
}

func (v *view) take(metric string, value float64) {
	switch metric {
	case "node_active_pods":
		v.nodes++
		v.pods += int(value)
	case "pod_count_success":
		v.success = value == 1
	case "pod_count_last_success_timestamp_seconds":
		if value > 0 {
			v.counted = time.UnixMilli(int64(value * 1000))
		}
	}
}
