package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLine is the length in bytes that Line shortens to.
const MaxLine = 200

// Line makes one printable line of at most MaxLine bytes of a text that somebody
// else wrote. It reads no more of the text than it needs.
func Line(text string) string {
	var line strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Cf, r) {
			r = ' '
		}
		if line.Len() >= MaxLine {
			line.WriteString("…")
			break
		}
		line.WriteRune(r)
	}
	return strings.Join(strings.Fields(line.String()), " ")
}
