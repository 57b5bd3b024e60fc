package main

import (
	"fmt"
	"io"
)

// fullness is how many nodes are how full: bins of ten percents each, one for those
// that are full, and those of which it is not known.
type fullness struct {
	bins  [fullBin + 1]int
	other int
}

const (
	binPercent = 10
	fullBin    = quiteFull / binPercent
)

func fullnessOf(rows []row) (f fullness) {
	for _, r := range rows {
		percent, known := r.percent()
		if !known {
			f.other++
			continue
		}
		f.bins[min(percent/binPercent, fullBin)]++
	}
	return f
}

// writeFullness draws the histogram.
func writeFullness(w io.Writer, to screen, rows []row) error {
	f := fullnessOf(rows)
	most := f.other
	for _, nodes := range f.bins {
		most = max(most, nodes)
	}
	t := &table{head: []cell{right("USED"), right("NODES")}}
	for i, nodes := range f.bins {
		t.add(right(binName(i)), right(fmt.Sprint(nodes)))
		t.lines[i][0].colour = colourOf(i * binPercent)
	}
	if f.other > 0 {
		t.add(right(unknown), right(fmt.Sprint(f.other)))
	}
	if room := min(maxBar, to.width-t.width()-len(gap)); room >= minBar && most > 0 {
		t.head = append(t.head, left(""))
		for i := range t.lines {
			nodes, colour := f.other, plain
			if i < len(f.bins) {
				nodes, colour = f.bins[i], colourOf(i*binPercent)
			}
			c := left(bar(float64(nodes)/float64(most), room))
			c.colour = colour
			t.lines[i] = append(t.lines[i], c)
		}
	}
	fmt.Fprintln(w)
	return t.write(w, to)
}

func binName(i int) string {
	if i == fullBin {
		return "100% or more"
	}
	return fmt.Sprintf("%d to %d%%", i*binPercent, i*binPercent+binPercent-1)
}
