package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// progress is how far one cluster has come.
type progress struct {
	store.Progress
	name     string
	expected int  // pods, as many as the last time; 0 when that is not known
	begun    bool // pods are being read, or were
	ended    bool
	failed   bool
}

// progressBar writes one line of the progress of all clusters.
type progressBar struct {
	since time.Time // when the first pods were asked for
}

const barColumns = 24

// line is one of at most so many columns, printable.
func (b *progressBar) line(all []progress, now time.Time, most int) string {
	sum, known := b.sum(all, now)
	var parts []string
	if len(all) > 1 {
		parts = append(parts, ofClusters(all))
	}
	if known {
		share := min(1, float64(sum.Pods)/float64(sum.expected))
		text := bar(share, barColumns)
		parts = append(parts, text+strings.Repeat("░", barColumns-columns(text)), fmt.Sprintf("%d%%", int(share*100)))
	}
	switch {
	case !sum.begun:
		parts = append(parts, "reading the nodes")
	default:
		parts = append(parts, plural(sum.Pods, "pod"))
		if len(all) == 1 && sum.Page > 0 {
			parts = append(parts, fmt.Sprintf("page %d", sum.Page))
		}
		parts = append(parts, b.speed(sum, known, now)...)
	}
	if len(all) == 1 && sum.Reason != "" {
		parts = append(parts, fmt.Sprintf("attempt %d after %s", sum.Attempt, sum.Reason))
	}
	if len(all) > 1 {
		parts = append(parts, awaited(all))
	}
	text := strings.Join(parts, "  ")
	if len(all) == 1 {
		text = beside(all[0].name, "  "+text, most)
	}
	return cut(text, most)
}

// sum adds up the clusters. known says that how many pods there will be is known
// of each.
func (b *progressBar) sum(all []progress, now time.Time) (sum progress, known bool) {
	known = true
	for _, p := range all {
		sum.Pods += p.Pods
		sum.expected += p.expected
		sum.begun = sum.begun || p.begun
		known = known && (p.expected > 0 || p.failed)
		sum.Page, sum.Reason, sum.Attempt = p.Page, p.Reason, p.Attempt
	}
	if sum.begun && b.since.IsZero() {
		b.since = now
	}
	return sum, known && sum.expected > 0
}

// speed is pods per second, and the time left if both are known.
func (b *progressBar) speed(sum progress, known bool, now time.Time) []string {
	elapsed := now.Sub(b.since).Seconds()
	if elapsed <= 0 || sum.Pods == 0 {
		return []string{"time left unknown"}
	}
	rate := float64(sum.Pods) / elapsed
	left := "time left unknown"
	if more := sum.expected - sum.Pods; known && more > 0 {
		seconds := math.Ceil(float64(more) / rate)
		left = fmt.Sprintf("%s left", time.Duration(seconds*float64(time.Second)))
	}
	return []string{grouped(int(rate)) + "/s", left}
}

// ofClusters says how many clusters have ended.
func ofClusters(all []progress) string {
	ended, failed := 0, 0
	for _, p := range all {
		if p.ended {
			ended++
		}
		if p.failed {
			failed++
		}
	}
	text := fmt.Sprintf("%d of %d clusters", ended, len(all))
	if failed > 0 {
		text += fmt.Sprintf(" (%d failed)", failed)
	}
	return text
}

// awaited names the clusters that have not ended.
func awaited(all []progress) string {
	var names []string
	for _, p := range all {
		if !p.ended {
			name := printable(p.name)
			if p.Reason != "" {
				name += fmt.Sprintf(" (attempt %d after %s)", p.Attempt, p.Reason)
			}
			names = append(names, name)
		}
	}
	const few = 3
	if more := len(names) - few; more > 0 {
		names = append(names[:few], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
