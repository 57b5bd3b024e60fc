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
	Counts, Pages   float64 // heights; streams of events are among the counts
	CountsY, PagesY float64
	Title           string
}

// leastScale keeps a single failure from looking like an hour of them.
const leastScale = 5

func chartOf(h History) chart {
	sum := h.failures()
	c := chart{Any: sum.sum() > 0, Summary: sum.String()}
	most := leastScale
	for _, one := range h.Slots {
		most = max(most, one.sum())
	}
	for i, one := range h.Slots {
		if one.sum() == 0 {
			continue
		}
		b := bar{X: i, Counts: 100 * float64(one.Counts+one.Streams) / float64(most), Pages: 100 * float64(one.Pages) / float64(most)}
		b.CountsY = 100 - b.Counts
		b.PagesY = b.CountsY - b.Pages
		b.Title = h.slotTimes(i) + ": " + one.String()
		c.Bars = append(c.Bars, b)
	}
	return c
}

// slotTimes returns when a slot began and ends, as on a clock.
func (h History) slotTimes(i int) string {
	began := h.LastSlot.UTC().Add(time.Duration(i+1-Slots) * SlotLength)
	return began.Format("15:04") + "–" + began.Add(SlotLength).Format("15:04 UTC")
}
