package redact

import (
	"html"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// longestEscape is the length of the longest escape that is looked for. The longest name
// of a character in HTML has 33 bytes, and a number may begin with zeros.
const longestEscape = 40

// unescape returns what the beginning of a text stands for, and how many bytes that is:
// an escape, or else one byte that stands for itself.
func unescape(text string) (meant string, size int) {
	switch text[0] {
	case '\\':
		meant, size = backslash(text)
	case '%':
		size = min(len(text), len("%2B"))
		meant, _ = url.PathUnescape(text[:size]) // empty if it is no escape
	case '&':
		meant, size = entity(text[:min(len(text), longestEscape)])
	}
	if meant == "" {
		return text[:1], 1
	}
	return meant, size
}

// backslash reads the escapes of Go, JSON and C.
func backslash(text string) (meant string, size int) {
	const unit = len(`\u002B`)
	r, wide, rest, err := strconv.UnquoteChar(text, 0)
	switch {
	case err == nil && !wide:
		return string([]byte{byte(r)}), len(text) - len(rest)
	case err == nil:
		return string(r), len(text) - len(rest)
	}
	// JSON writes what UTF-16 does in two units as two escapes, neither of which is a
	// character.
	if pair := utf16.DecodeRune(half(text), half(text[min(len(text), unit):])); pair != utf8.RuneError {
		return string(pair), 2 * unit
	}
	if quoted := text[1:min(len(text), 2)]; quoted == `"` || quoted == "'" || quoted == "/" {
		return quoted, 2
	}
	return "", 0
}

// half is the number of the \u with which a text begins, 0 if it does not.
func half(text string) rune {
	digits, found := strings.CutPrefix(text[:min(len(text), len(`\ud83d`))], `\u`)
	if !found {
		return 0
	}
	number, _ := strconv.ParseUint(digits, 16, 16) // 0 if these are no digits
	return rune(number)
}

// entity reads a character of HTML that ends with a semicolon.
func entity(text string) (meant string, size int) {
	size = strings.IndexByte(text, ';') + 1
	other := func(r rune) bool { return !inWord(r) && r != '#' }
	if size == 0 || strings.ContainsFunc(text[1:size-1], other) { // they may stand for others
		return "", 0
	}
	if meant = html.UnescapeString(text[:size]); meant == text[:size] {
		return "", 0
	}
	return meant, size
}
