package main

import (
	"strings"
	"testing"
	"time"
)

// of has counts that took so long, in milliseconds.
func of(ms ...time.Duration) []sample {
	var all []sample
	for _, d := range ms {
		all = append(all, sample{took: d * time.Millisecond, server: 2 * d * time.Millisecond, pages: int(d)})
	}
	return all
}

// exampleGrowth has one fresh start that costs as much as is allowed.
func exampleGrowth() *grown {
	return &grown{
		fresh: of(90, 180, 100),
		fixed: []fixedPages{{500, of(400, 300, 350)}, {5000, of(100, 90, 120)}, {10_000, of(110, 110, 110)}},
	}
}

func TestGrowthAims(t *testing.T) {
	for name, c := range map[string]struct {
		change func(g *grown)
		missed int
	}{
		"just kept":                       {func(*grown) {}, 0},
		"one slow start":                  {func(g *grown) { g.fresh[1].took++ }, 1},
		"one start that costs the server": {func(g *grown) { g.fresh[2].server *= 2 }, 1},
		"the best fixed size is better":   {func(g *grown) { g.fixed[1].samples[2].took--; g.fixed[1].samples[2].server-- }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			g, missed := exampleGrowth(), 0
			c.change(g)
			for _, a := range g.aims() {
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

func TestWriteGrowth(t *testing.T) {
	var out strings.Builder
	if err := exampleGrowth().write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"5000  100.0 ms  120.0 ms        200.0 ms  240.0 ms    100   120", "grown  100.0 ms  180.0 ms        200.0 ms  360.0 ms    100   180"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}
