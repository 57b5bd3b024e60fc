package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// linesOf are what write writes.
func linesOf(write func(io.Writer) error) []string {
	var text strings.Builder
	_ = write(&text) // which cannot fail
	return strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
}

// fit leaves out lines before the last kept ones, and says how many, so that no more
// than most are left.
func fit(lines []string, most, kept int, noun string) []string {
	if len(lines) <= most {
		return lines
	}
	head := max(0, most-1-kept)
	return slices.Concat(lines[:head], []string{more(len(lines)-head-kept, noun)}, lines[len(lines)-kept:])
}

// more stands for what is left out.
func more(n int, noun string) string {
	number, nouns, _ := strings.Cut(plural(n, noun), " ")
	return fmt.Sprintf("… %s more %s", number, nouns)
}

// cutPainted shortens a line to so many columns, which its colours take none of.
func cutPainted(line string, most int) string {
	var short strings.Builder
	used, colours := 0, false
	for rest := line; rest != ""; {
		if strings.HasPrefix(rest, "\x1b") {
			end := strings.IndexByte(rest, 'm') + 1
			short.WriteString(rest[:end])
			rest, colours = rest[end:], true
			continue
		}
		text, _, _ := strings.Cut(rest, "\x1b")
		if used += columns(text); used > most {
			if left := most - used + columns(text); left > 0 {
				short.WriteString(cut(text, left))
			}
			if colours {
				short.WriteString(endColour)
			}
			return short.String()
		}
		short.WriteString(text)
		rest = rest[len(text):]
	}
	return short.String()
}
