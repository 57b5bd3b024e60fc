package main

import (
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for name, c := range map[string]struct {
		values []int64
		want   int64
	}{
		"none":                    {nil, 0},
		"one":                     {[]int64{7}, 7},
		"odd, in any order":       {[]int64{9, 1, 5}, 5},
		"even, mean of the two":   {[]int64{10, 1, 4, 6}, 5},
		"an outlier has no voice": {[]int64{2, 2, 1 << 40}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			if got := median(c.values); got != c.want {
				t.Errorf("median(%v) = %d, want %d", c.values, got, c.want)
			}
		})
	}
}

func TestMedianKeepsItsInputInOrder(t *testing.T) {
	values := []int64{3, 1, 2}
	median(values)
	if values[0] != 3 || values[1] != 1 || values[2] != 2 {
		t.Errorf("median has sorted its input: %v", values)
	}
}

// exampleRows are an exporter that keeps every aim, and who it is compared with.
func exampleRows() []row {
	line := func(name string, wall, own, server time.Duration, bytes int64) row {
		return row{name: name, sample: sample{wall: wall, own: own, server: server, first: own, rss: 20 << 20},
			transfer: transfer{pods: bytes - 100, nodes: 100}}
	}
	ms := time.Millisecond
	return []row{
		line(ours, 110*ms, 20*ms, 100*ms, 1_000),
		line(floor, 100*ms, 10*ms, 100*ms, 1_000),
		line(guide, 2000*ms, 200*ms, 600*ms, 40_000),
	}
}

func TestAims(t *testing.T) {
	for name, c := range map[string]struct {
		change func(us *row)
		missed string
	}{
		"all just kept":            {func(*row) {}, ""},
		"one byte too many":        {func(us *row) { us.pods++ }, "bytes / guide"},
		"server works too much":    {func(us *row) { us.server += time.Millisecond }, "API server CPU / guide"},
		"exporter works too much":  {func(us *row) { us.own += time.Millisecond }, "own CPU / guide"},
		"slower than the floor":    {func(us *row) { us.wall += 6 * time.Millisecond }, "wall / drain"},
		"more memory than allowed": {func(us *row) { us.rss = 32<<20 + 1 }, "peak RSS"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := exampleRows()
			c.change(&rows[0])
			var missed []string
			for _, a := range aims(rows) {
				if !a.met() {
					missed = append(missed, a.what)
				}
			}
			if got := strings.Join(missed, ","); got != c.missed {
				t.Errorf("missed %q, want %q", got, c.missed)
			}
		})
	}
}

func TestReport(t *testing.T) {
	var out strings.Builder
	rows := exampleRows()
	rows[0].took = 90 * time.Millisecond
	for name, write := range map[string]func() error{
		"table":  func() error { return writeTable(&out, rows) },
		"ratios": func() error { return writeRatios(&out, rows) },
		"aims":   func() error { return writeAims(&out, aims(rows)) },
	} {
		if err := write(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	words := strings.Join(strings.Fields(out.String()), " ")
	for name, want := range map[string]string{
		"a contender's figures": "guide 2000.0 ms 0.040 MB 200.0 ms 600.0 ms 20.0 MiB 200.0 ms",
		"its ratios":            "guide 18.18 40.00 10.00 6.00 1.00 10.00",
		"the count alone":       "ours: the count without the scrape around it took 90.0 ms",
		"an aim":                "wall / drain 1.150 1.100 met",
		"an aim with a unit":    "peak RSS 32.000 MiB 20.000 MiB met",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("%s: no %q in\n%s", name, want, out.String())
		}
	}
}

func TestRatiosNeedOurs(t *testing.T) {
	if err := writeRatios(new(strings.Builder), exampleRows()[1:]); err == nil {
		t.Error("ratios without the exporter gave no error")
	}
}

func TestWriteSides(t *testing.T) {
	var out strings.Builder
	err := writeSides(&out, []sides{{active: 9000, transfer: transfer{pods: 2_000_000, nodes: 500_000}}})
	if err != nil {
		t.Fatal(err)
	}
	if words, want := strings.Join(strings.Fields(out.String()), " "), "9000 0.500 MB 2.000 MB 0.250"; !strings.Contains(words, want) {
		t.Errorf("no %q in\n%s", want, out.String())
	}
}

func TestMissingOfAnHour(t *testing.T) {
	for name, c := range map[string]struct {
		passed time.Duration
		want   string
	}{
		"a short one": {90 * time.Second, `
sums over 1m30s, in which pods, counts, audits and scrapes are as many as in an hour; nothing is multiplied.
By the clock an hour would have more: 60 bookmarks and 8 ends of each stream, not 1 and 0,
and what exporters and API server take when nothing happens. Changes are 40 times as dense, so watch mode shows more of them at once.
`},
		"by the clock": {time.Hour, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := writeMissing(&out, c.passed); err != nil || out.String() != c.want {
				t.Errorf("%v\n%s\nwant\n%s", err, out.String(), c.want)
			}
		})
	}
}
