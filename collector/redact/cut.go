package redact

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Mark is where a text was cut, wherever it is quoted later. A server may write it, too,
// and then loses some of its words.
const Mark = "[…]"

// Cut returns at most so many bytes of text and, if that is not all of it, a Mark.
func Cut(text []byte, most int) []byte {
	if len(text) <= most {
		return text
	}
	return append(slices.Clip(text[:most]), Mark...)
}

// Read reads until there is no more, but at most so many bytes. If there may be more, what
// it returns has a Mark.
func Read(r io.Reader, most int) []byte {
	text, err := io.ReadAll(io.LimitReader(r, int64(most)))
	if err != nil || len(text) == most {
		text = append(text, Mark...)
	}
	return text
}

// Word quotes what looks like a word of the Kubernetes API, such as a kind. Anything else
// was made up.
func Word(text string) string {
	other := func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }
	if len(text) > longestWord || strings.ContainsFunc(text, other) {
		return "*** (left out, as it is no plain word)"
	}
	return strconv.Quote(text)
}

const longestWord = 63

// least is the length from which on the beginning of a credential is taken for one that
// was cut.
const least = 2 * shortest

// hideBegun replaces what text has of the beginning of a credential, of which these are
// the forms.
func hideBegun(text string, forms []string) string {
	var hidden strings.Builder
	for at := 0; at < len(text); {
		longest := 0
		for _, form := range forms {
			longest = max(longest, common(text[at:], form))
		}
		if longest < least {
			hidden.WriteByte(text[at])
			at++
			continue
		}
		hidden.WriteString("***")
		at += longest
	}
	return hidden.String()
}

// common is how many bytes at the beginning of two texts are the same.
func common(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// hideEnds leaves out what is before each Mark, as far as a credential reaches that has
// this length at most. What was replaced before, and what Line or bare remove, could have
// been any part of it.
func hideEnds(text string, most int) string {
	parts := strings.Split(text, Mark)
	for i, part := range parts[:len(parts)-1] {
		for left := most; left > 0 && part != ""; {
			r, size := utf8.DecodeLastRuneInString(part)
			if part = part[:len(part)-size]; r != '*' && bare(string(r)) != "" {
				left -= size
			}
		}
		parts[i] = part
	}
	return strings.Join(parts, Mark)
}
