package page

import "time"

// chart is the failures of the last hour.
type chart struct {
	Bars    []bar
	Summary string
	Any     bool
}

// bar is one bar of a chart, in the chart's own units: x in Slots, heights of 100.
type bar struct {
	X               int
	Counts, Pages   float64 // heights
	CountsY, PagesY float64
	Title           string
}

// leastScale keeps a single failure from looking like an hour of them.
const leastScale = 5

func chartOf(h History) chart {
	sum := h.failures()
	c := chart{Any: sum.Counts+sum.Pages > 0, Summary: "none"}
	if c.Any {
		c.Summary = plural(sum.Counts, "count") + ", " + plural(sum.Pages, "page")
	}
	most := leastScale
	for _, one := range h.Slots {
		most = max(most, one.Counts+one.Pages)
	}
	for i, one := range h.Slots {
		if one.Counts+one.Pages == 0 {
			continue
		}
		b := bar{X: i, Counts: 100 * float64(one.Counts) / float64(most), Pages: 100 * float64(one.Pages) / float64(most)}
		b.CountsY = 100 - b.Counts
		b.PagesY = b.CountsY - b.Pages
		b.Title = slotTitle(i) + ": " + plural(one.Counts, "count") + ", " + plural(one.Pages, "page")
		c.Bars = append(c.Bars, b)
	}
	return c
}

// slotTitle returns when a slot was.
func slotTitle(i int) string {
	ago := time.Duration(Slots-1-i) * SlotLength
	if ago == 0 {
		return "just now"
	}
	return span(ago) + " ago"
}
