package main

import (
	"testing"
	"time"
)

func TestFollowAims(t *testing.T) {
	quick := []time.Duration{200 * time.Millisecond, 300 * time.Millisecond}
	slow := []time.Duration{200 * time.Millisecond, 1001 * time.Millisecond}
	for name, c := range map[string]struct {
		rows   []followed
		missed int
	}{
		"just kept":        {[]followed{{pods: 1, ours: 100, took: quick}, {pods: 100, ours: 110, took: quick}}, 0},
		"less with more":   {[]followed{{pods: 1, ours: 112, took: quick}, {pods: 100, ours: 100, took: quick}}, 1},
		"grows with pods":  {[]followed{{pods: 1, ours: 100, took: quick}, {pods: 100, ours: 112, took: quick}}, 1},
		"one size is slow": {[]followed{{pods: 1, ours: 100, took: quick}, {pods: 100, ours: 100, took: slow}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			missed := 0
			for _, a := range followAims(c.rows) {
				if !a.met() {
					missed++
				}
			}
			if missed != c.missed {
				t.Errorf("%d aims are missed, want %d", missed, c.missed)
			}
		})
	}
}
