package main

import (
	"testing"
	"time"
)

func TestFollowAims(t *testing.T) {
	quick := []time.Duration{200 * time.Millisecond, 300 * time.Millisecond}
	slow := []time.Duration{200 * time.Millisecond, 1001 * time.Millisecond}
	for name, c := range map[string]struct {
		rows         []followed
		aims, missed int
	}{
		"one size":         {[]followed{{pods: 1, ours: 100, took: quick}}, 1, 0},
		"just kept":        {[]followed{{pods: 1, ours: 100, took: quick}, {pods: 100, ours: 110, took: quick}}, 3, 0},
		"less with more":   {[]followed{{pods: 1, ours: 112, took: quick}, {pods: 100, ours: 100, took: quick}}, 3, 1},
		"grows with pods":  {[]followed{{pods: 1, ours: 100, took: quick}, {pods: 100, ours: 112, took: quick}}, 3, 1},
		"one size is slow": {[]followed{{pods: 1, ours: 100, took: quick}, {pods: 100, ours: 100, took: slow}}, 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			missed, all := 0, followAims(c.rows)
			for _, a := range all {
				if !a.met() {
					missed++
				}
			}
			if len(all) != c.aims || missed != c.missed {
				t.Errorf("%d of %d aims are missed, want %d of %d", missed, len(all), c.missed, c.aims)
			}
		})
	}
}
