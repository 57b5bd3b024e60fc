package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// recording holds samples by series and number of the scrape. A series that a
// scrape does not have is absent there.
type recording struct {
	scrapes int
	samples map[string]map[int]float64
}

func (r *recording) add(series string, scrape int, value float64) {
	if r.samples[series] == nil {
		r.samples[series] = map[int]float64{}
	}
	r.samples[series][scrape] = value
}

// series are the names of all series, sorted.
func (r *recording) series() []string { return slices.Sorted(maps.Keys(r.samples)) }

// values is a series in promtool's notation
// (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/):
// runs of equal samples as "3x10", absent ones as "_x10", and "stale" at the first
// scrape that a series is not in, as Prometheus marks it.
func (r *recording) values(series string) string {
	samples := r.samples[series]
	var tokens []string
	last, run, before := "", 0, false
	flush := func() {
		if run > 0 {
			tokens = append(tokens, repeated(last, run))
		}
		run = 0
	}
	for i := range r.scrapes {
		value, present := samples[i]
		token := "_"
		switch {
		case present:
			token = strconv.FormatFloat(value, 'f', -1, 64)
		case before:
			token = "stale"
		}
		before = present
		if token != last || token == "stale" {
			flush()
		}
		last = token
		run++
	}
	flush()
	return strings.Join(tokens, " ")
}

// repeated: promtool counts the repetitions after the first, but for "_".
func repeated(token string, n int) string {
	switch {
	case token == "_":
		return fmt.Sprintf("_x%d", n)
	case n == 1:
		return token
	default:
		return fmt.Sprintf("%sx%d", token, n-1)
	}
}
