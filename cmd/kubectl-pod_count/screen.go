package main

import (
	"os"

	"golang.org/x/term"
)

// screen says what a stream leads to.
type screen struct {
	terminal bool // that knows escape sequences
	colours  bool
	width    int      // columns
	height   int      // lines
	file     *os.File // to measure again; nil where that is of no use
}

// pipeWidth is for a stream that is no terminal. What is written there must not
// depend on the window of whoever runs it.
const pipeWidth = 80

// usualHeight is that of a terminal that does not say it.
const usualHeight = 24

func screenOf(file *os.File, getenv func(string) string) screen {
	descriptor := int(file.Fd())
	if !term.IsTerminal(descriptor) || getenv("TERM") == "dumb" || !enableEscapes(file) {
		return screen{width: pipeWidth}
	}
	return screen{
		terminal: true, colours: getenv("NO_COLOR") == "", width: pipeWidth, height: usualHeight, file: file,
	}.now()
}

// now is the screen in the size that it has at this moment.
func (s screen) now() screen {
	if s.file == nil {
		return s
	}
	if width, height, err := term.GetSize(int(s.file.Fd())); err == nil && width > 0 && height > 0 {
		s.width, s.height = width, height
	}
	return s
}

// The colours of a terminal (ECMA-48, SGR).
const (
	plain  = ""
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	bold   = "\x1b[1m"

	endColour = "\x1b[0m"
)

// paint colours text, where there are colours.
func (s screen) paint(colour, text string) string {
	if !s.colours || colour == plain || text == "" {
		return text
	}
	return colour + text + endColour
}
