package main

import (
	"fmt"
	"io"
	"strings"
)

// table is columns of text below a head.
type table struct {
	head  []cell
	lines [][]cell

	// Of one that goes on below another: its head is there already, and its columns
	// are as wide as those at least.
	goesOn bool
	least  []int

	tight int // spaces of the gap between two columns that are left out
}

// cell is one text, printable.
type cell struct {
	text   string
	right  bool // where it stands in its column
	colour string
}

func left(text string) cell  { return cell{text: printable(text)} }
func right(text string) cell { return cell{text: printable(text), right: true} }

// number is – where it is not known.
func number[T int | int64](n *T) cell {
	if n == nil {
		return right(unknown)
	}
	return right(fmt.Sprint(*n))
}

// The percents from which on a node is nearly full and full; the alerts have the
// same.
const (
	nearlyFull = 90
	quiteFull  = 100
)

func percentCell(percent *int) cell {
	if percent == nil {
		return right(unknown)
	}
	c := right(fmt.Sprintf("%d%%", *percent))
	c.colour = colourOf(*percent)
	return c
}

func colourOf(percent int) string {
	switch {
	case percent >= quiteFull:
		return red
	case percent >= nearlyFull:
		return yellow
	default:
		return green
	}
}

func (t *table) add(line ...cell) { t.lines = append(t.lines, line) }

const gap = "   "

// gap is between two columns.
func (t *table) gap() string { return gap[t.tight:] }

// widths are those of the columns.
func (t *table) widths() []int {
	widths := make([]int, len(t.head))
	copy(widths, t.least)
	for _, line := range append([][]cell{t.head}, t.lines...) {
		for i, c := range line {
			widths[i] = max(widths[i], columns(c.text))
		}
	}
	return widths
}

// width is that of a whole line.
func (t *table) width() int {
	sum := len(t.gap()) * (len(t.head) - 1)
	for _, width := range t.widths() {
		sum += width
	}
	return sum
}

// write writes the table. Nothing follows the last text of a line.
func (t *table) write(w io.Writer, to screen) error {
	widths := t.widths()
	for i := range t.head {
		t.head[i].colour = bold
	}
	lines := t.lines
	if !t.goesOn {
		lines = append([][]cell{t.head}, lines...)
	}
	var text strings.Builder
	for _, line := range lines {
		var open string // spaces that something may follow
		for i, c := range line {
			fill := padding(c.text, widths[i])
			if c.right {
				open += fill
			}
			if c.text != "" {
				text.WriteString(open + to.paint(c.colour, c.text))
				open = ""
			}
			if !c.right {
				open += fill
			}
			open += t.gap()
		}
		text.WriteString("\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}
