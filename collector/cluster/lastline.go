package cluster

import "bytes"

// lastLine keeps the last non-empty line that is written to it.
type lastLine struct {
	line, open []byte // the last complete line, and the one after it
	long       bool   // open was longer than maxPluginLine
}

// maxPluginLine limits what is kept. A longer line is not shown at all: credentials
// can be hidden only in a complete line.
const maxPluginLine = 4 << 10

func (l *lastLine) write(text []byte) {
	for len(text) > 0 {
		part, after, ended := bytes.Cut(text, []byte("\n"))
		l.long = l.long || len(l.open)+len(part) > maxPluginLine
		if !l.long {
			l.open = append(l.open, part...)
		}
		if ended {
			l.close()
		}
		text = after
	}
}

func (l *lastLine) close() {
	if l.long {
		l.open = []byte("a line of more than 4 KiB")
	}
	if len(bytes.TrimSpace(l.open)) > 0 {
		l.line = bytes.Clone(l.open)
	}
	l.open, l.long = l.open[:0], false
}

// take returns the last line, and forgets it. One without an end is a line if nobody will
// write any more.
func (l *lastLine) take(ended bool) string {
	if ended {
		l.close()
	}
	line := string(l.line)
	l.line = nil
	return line
}
