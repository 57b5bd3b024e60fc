package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// unknown stands where something is not known.
const unknown = "–"

// printable is text that a terminal prints as it stands. Names come from servers
// and kubeconfigs: a control character would steer the terminal, and a mark or a
// character that changes the direction would make one name look like another, so
// they are shown by their numbers, in JSON's way.
func printable(text string) string {
	var safe strings.Builder
	for rest := text; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&safe, `\x%02x`, rest[0])
		case r == ' ' || unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
			safe.WriteRune(r)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&safe, `\u%04x`, unit)
			}
		}
		rest = rest[size:]
	}
	return safe.String()
}

// columns is how many columns of a terminal a printable text takes (Unicode
// Standard Annex 11). East Asian characters take two.
func columns(text string) int {
	sum := 0
	for _, r := range text {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			sum += 2
		default:
			sum++
		}
	}
	return sum
}

// cut shortens a printable text to so many columns, and marks that it did.
func cut(text string, most int) string {
	if columns(text) <= most {
		return text
	}
	var short strings.Builder
	used := 1 // of the mark
	for _, r := range text {
		if used += columns(string(r)); used > most {
			break
		}
		short.WriteRune(r)
	}
	return short.String() + "…"
}

// padding fills up a text of so many columns.
func padding(text string, to int) string { return strings.Repeat(" ", max(0, to-columns(text))) }

// eighths are blocks from one to seven eighths of a column.
const eighths = "▏▎▍▌▋▊▉"

// bar is a bar of share (from 0 to 1) of so many columns, to an eighth of one.
func bar(share float64, most int) string {
	parts := int(share*float64(most)*8 + 1e-9)
	full := min(parts/8, most)
	text := strings.Repeat("█", full)
	if part := parts % 8; part > 0 && full < most {
		text += string([]rune(eighths)[part-1])
	}
	return text
}
