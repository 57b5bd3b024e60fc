package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// frames draws pictures in place, on the terminal's other screen.
type frames struct {
	fleet *fleet
	bar   progressBar
	size  [2]int   // of the terminal, when it was drawn on last
	drawn []string // lines; nil before the first
}

func newFrames(f *fleet) *frames { return &frames{fleet: f} }

// The sequences that steer a terminal (ECMA-48, and the private modes of xterm).
const (
	enterScreen = "\x1b[?1049h\x1b[?25l" // without a cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	cursorHome  = "\x1b[H"
	eraseLine   = "\x1b[K" // from the cursor on
	eraseBelow  = "\x1b[J"
)

// show draws a picture, unless it looks like the one before.
func (f *frames) show(p picture) error {
	to := f.fleet.around.out.now()
	lines := f.fleet.opts.frame(p, f.progress(p, to), to)
	size := [2]int{to.width, to.height}
	if f.drawn != nil && size == f.size && slices.Equal(lines, f.drawn) {
		return nil
	}
	text := cursorHome
	if f.drawn == nil {
		text = enterScreen + cursorHome
	}
	text += strings.Join(lines, eraseLine+"\r\n") + eraseLine + eraseBelow
	f.drawn, f.size = lines, size
	_, err := io.WriteString(f.fleet.around.stdout, text)
	return err
}

// progress is that of the clusters whose first count has not ended.
func (f *frames) progress(p picture, to screen) string {
	if !p.counting {
		return ""
	}
	return f.bar.line(f.fleet.progress(), p.now, to.width)
}

// end leaves the last picture on the screen that there was before.
func (f *frames) end() error {
	if f.drawn == nil {
		return nil
	}
	_, err := io.WriteString(f.fleet.around.stdout, leaveScreen+strings.Join(f.drawn, "\n")+"\n")
	f.drawn = nil
	return err
}

// frame is a picture in lines that fit the terminal. Where there is not room for all,
// the fullest nodes stay, and every cluster that is not well.
func (o *options) frame(p picture, progress string, to screen) []string {
	status := o.statusLines(p, to)
	if progress != "" {
		status = append([]string{progress}, status...)
	}
	status = append(fit(status, max(1, to.height/4), 0, "line"), p.footer(to.width))
	room := max(0, to.height-len(status)-1)
	var lines []string
	if p.known() && room > 0 {
		lines = append(o.body(p.results(), room, to), "")
	}
	lines = append(lines, status...)
	lines = lines[max(0, len(lines)-to.height):]
	for i, line := range lines {
		lines[i] = cutPainted(line, to.width)
	}
	return lines
}

// body are the tables, in so many lines.
func (o *options) body(results []*result, room int, to screen) []string {
	kept := min(1, len(results)-1) // the sum
	sums := o.totalsTable(results)
	sums.squeeze(to.width, clusterColumn) // what is too wide all the same is cut
	totals := linesOf(func(w io.Writer) error { return sums.write(w, to) })
	rows := o.rows(results)
	if o.summary {
		totals = fit(totals, max(3, room/2), kept, "cluster")
		fullness := linesOf(func(w io.Writer) error { return writeFullness(w, to, rows) })
		return fit(append(totals, fullness...), room, 0, "line")
	}
	totals = fit(totals, max(3, room/3), kept, "cluster")
	if o.minPercent > 0 {
		totals = append([]string{o.howMany(rows, results), ""}, totals...)
	}
	if room -= len(totals) + 1; room < 2 || len(rows) == 0 {
		return totals
	}
	shown := rows[:min(len(rows), room-1)]
	if len(shown) < len(rows) {
		shown = rows[:room-2]
	}
	nodes := linesOf(func(w io.Writer) error { return o.nodesTable(shown, len(results) > 1, to).write(w, to) })
	if left := len(rows) - len(shown); left > 0 {
		nodes = append(nodes, more(left, "node"))
	}
	return slices.Concat(nodes, []string{""}, totals)
}

// statusLines say what is to be known of clusters that are not live, and of the
// numbers of those that are.
func (o *options) statusLines(p picture, to screen) (lines []string) {
	for _, err := range p.problems {
		lines = append(lines, to.paint(red, printable(inOwnFlags(err.Error()))))
	}
	for _, s := range p.sights {
		if c := s.condition(); c == isListed || c == isFailing {
			lines = append(lines, to.paint(s.colour(), beside(s.name, ": "+s.text(), to.width)))
		}
	}
	for _, s := range p.sights {
		for _, note := range o.notes(s.result) {
			lines = append(lines, beside(s.name, ": "+note, to.width))
		}
	}
	return lines
}

// footer says how live all of it is.
func (p picture) footer(width int) string {
	live := 0
	for _, s := range p.sights {
		if s.condition() == isLive {
			live++
		}
	}
	const ends = "  Ctrl-C ends"
	clock := p.now.Format("15:04:05") + "  "
	text := fmt.Sprintf("%d of %d clusters live", live, len(p.sights)) + ends
	if len(p.sights) == 1 {
		text = beside(p.sights[0].name, " "+[]string{"not live", "live"}[live]+ends, width-len(clock))
	}
	return clock + text
}
