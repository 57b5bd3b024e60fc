package main

import (
	"io"
	"strings"
)

// How many columns of a name are left before the gaps between the columns are made
// narrower, and on the narrowest terminal: fewer tell no names apart.
const (
	goodName = 20
	minName  = 10
)

// squeeze makes a line take no more than most columns: it takes from the gaps, and
// then from the texts of some columns, the first of them first. It returns whether
// that was enough.
func (t *table) squeeze(most int, names ...int) bool {
	for t.tight < len(gap)-1 && t.width()-t.tooLong(names) > most {
		t.tight++
	}
	for _, column := range names {
		room := max(minName, t.widths()[column]-(t.width()-most))
		for _, line := range t.lines {
			line[column].text = cutMiddle(line[column].text, room)
		}
	}
	return t.width() <= most
}

// tooLong is how many columns names take beyond those that are good to have.
func (t *table) tooLong(names []int) (sum int) {
	widths := t.widths()
	for _, column := range names {
		sum += max(0, widths[column]-goodName)
	}
	return sum
}

// cutMiddle shortens a name to so many columns, and marks where. Names of clusters and
// nodes differ at the end as often as at the beginning.
func cutMiddle(name string, most int) string {
	if columns(name) <= most {
		return name
	}
	head := strings.TrimSuffix(cut(name, (most+2)/2), "…")
	rest := []rune(name[len(head):])
	for columns(head)+1+columns(string(rest)) > most {
		rest = rest[1:]
	}
	return head + "…" + string(rest)
}

// beside is a name and what is said of it, printable. Where both take more than most
// columns, it is the name that loses some first.
func beside(name, text string, most int) string {
	text = printable(text)
	return cutMiddle(printable(name), max(goodName, most-columns(text))) + text
}

// writeUpright writes a line for each cell, beside the head of its column, and an
// empty one between two lines of the table.
func (t *table) writeUpright(w io.Writer, to screen) error {
	most := 0
	for _, c := range t.head {
		most = max(most, columns(c.text))
	}
	for i, line := range t.lines {
		upright := &table{goesOn: true, head: make([]cell, 2), least: []int{most, 0}}
		for at, c := range line {
			c.text, c.right = cutMiddle(c.text, max(minName, to.width-most-len(gap))), false
			upright.add(cell{text: t.head[at].text, colour: bold}, c)
		}
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := upright.write(w, to); err != nil {
			return err
		}
	}
	return nil
}
