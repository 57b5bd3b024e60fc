package main

import (
	"os"

	"golang.org/x/term"
)

// screen says what a stream leads to.
type screen struct {
	terminal bool // that knows escape sequences
	colours  bool
	width    int // columns
}

// pipeWidth is for a stream that is no terminal. What is written there must not
// depend on the window of whoever runs it.
const pipeWidth = 80

func screenOf(file *os.File, getenv func(string) string) screen {
	descriptor := int(file.Fd())
	if !term.IsTerminal(descriptor) || getenv("TERM") == "dumb" || !enableEscapes(file) {
		return screen{width: pipeWidth}
	}
	s := screen{terminal: true, colours: getenv("NO_COLOR") == "", width: pipeWidth}
	if width, _, err := term.GetSize(descriptor); err == nil && width > 0 {
		s.width = width
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
)

// paint colours text, where there are colours.
func (s screen) paint(colour, text string) string {
	if !s.colours || colour == plain || text == "" {
		return text
	}
	return colour + text + "\x1b[0m"
}
