package main

import (
	"strings"
	"testing"
	"time"
)

// exampleGrowth has one fresh start that costs as much as is allowed.
func exampleGrowth() *grown {
	of := func(ms ...time.Duration) []sample {
		var all []sample
		for _, d := range ms {
			all = append(all, sample{took: d * time.Millisecond, server: 2 * d * time.Millisecond, pages: int(d)})
		}
		return all
	}
	return &grown{
		fresh: of(90, 150, 100),
		fixed: []fixedPages{{500, of(400, 300, 350)}, {5000, of(100, 90, 500)}, {10_000, of(200, 210, 190)}},
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
		"the best fixed size is better":   {func(g *grown) { g.fixed[1].samples[0].took--; g.fixed[1].samples[0].server-- }, 2},
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
	for _, want := range []string{"5000  100.0 ms  500.0 ms        200.0 ms  1000.0 ms    100   500", "grown  100.0 ms  150.0 ms        200.0 ms   300.0 ms    100   150"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}
