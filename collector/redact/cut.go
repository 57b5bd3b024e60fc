package redact

import (
	"io"
	"regexp"
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

// hideEnds leaves out what is before each Mark, as far as a credential reaches that has
// this length at most.
func hideEnds(text string, most int) string {
	parts := strings.Split(text, Mark)
	if most == 0 || len(parts) == 1 {
		return text
	}
	cut := regexp.MustCompile(`(\\[uUx]?[[:xdigit:]]{0,7}|%[[:xdigit:]]?|&[#[:alnum:]]*)$`)
	for i, part := range parts[:len(parts)-1] {
		v := view{text: part}
		for range depth + 1 { // an escape was cut, or what one stands for
			v = v.unescaped()
			tail := max(0, len(v.text)-longestEscape)
			v.text = v.text[:tail] + cut.ReplaceAllString(v.text[tail:], "")
		}
		parts[i] = part[:v.from(most)]
	}
	return strings.Join(parts, Mark)
}

// from is where the last bytes of a view come from, so many of those that a credential can
// have. What was replaced before, and what bare removes, could have been any part of it.
func (v view) from(most int) int32 {
	end := len(v.text)
	for left := most; left > 0 && end > 0; {
		r, size := utf8.DecodeLastRuneInString(v.text[:end])
		if end -= size; r != '*' && !added(r) {
			left -= size
		}
	}
	if end == 0 {
		return 0
	}
	return v.span(end, end+1).from
}
