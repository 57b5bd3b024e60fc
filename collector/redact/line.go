package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLine is the length in characters (runes) that Line shortens to.
const MaxLine = 200

// Line turns a text from elsewhere into one printable line of at most MaxLine
// characters and an ellipsis.
func Line(text string) string {
	line := strings.Join(strings.FieldsFunc(text, invisible), " ")
	length := 0
	for at := range line {
		if length == MaxLine {
			return line[:at] + "…"
		}
		length++
	}
	return line
}

// invisible is what separates words, what shows nothing, and what has no meaning, such as
// characters of private use.
func invisible(r rune) bool {
	const blank = '\u2800' // of Braille, a symbol
	return r == ' ' || r == blank || r == utf8.RuneError || !unicode.IsPrint(r) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Constant reduces a line that net/http (1.26) or client-go (0.37) logs by itself to
// its constant part. The rest quotes servers, files and users.
func Constant(line string) string {
	for _, constant := range []string{
		"Unsolicited response received on idle HTTP channel", "http2: Transport received unsolicited DATA frame",
		"http: TLS handshake error", "http: panic serving", "http: Accept error", "http2: server connection error",
		"refreshing credentials", "Unable to rotate token", "Loading client cert failed", "Observed a panic",
		"Failed to read CA data from file", "Failed to parse CA data from file",
	} {
		if strings.HasPrefix(line, constant) {
			return constant
		}
	}
	return "A line of a library was left out, as it may quote a credential"
}
