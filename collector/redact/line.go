package redact

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLine is the length in bytes that Line shortens to.
const MaxLine = 200

// Line makes one printable line of at most MaxLine bytes, and an ellipsis, of a
// text that somebody else wrote.
func Line(text string) string {
	var line strings.Builder
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return unicode.IsSpace(r) || hidden(r) }) {
		if line.Len() > 0 {
			line.WriteByte(' ')
		}
		for _, r := range word {
			if line.Len()+utf8.RuneLen(r) > MaxLine {
				return line.String() + "…"
			}
			line.WriteRune(r)
		}
	}
	return line.String()
}

func hidden(r rune) bool {
	return unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Cf, r)
}

// visible drops, for strings.Map, what can stand between the characters of a
// text without a trace: spaces, control characters, backslashes of quoting.
func visible(r rune) rune {
	if unicode.IsSpace(r) || hidden(r) || r == '\\' {
		return -1
	}
	return r
}

// Constant reduces a line that net/http (1.26) or client-go (0.37) logs on its
// own to its constant part. What follows quotes servers, files and users.
func Constant(line string) string {
	for _, constant := range []string{
		"Unsolicited response received on idle HTTP channel", "protocol error: received",
		"http2: Transport received unsolicited DATA frame", "Transport: unhandled response frame type",
		"http: TLS handshake error", "http: panic serving", "http: Accept error", "http2: panic serving",
		"http2: server: error reading preface from client", "http2: server connection error",
		"refreshing credentials", "Unable to rotate token", "Loading client cert failed", "Observed a panic",
		"Failed to read CA data from file", "Failed to parse CA data from file",
	} {
		if strings.HasPrefix(line, constant) {
			return constant
		}
	}
	return "A line of a library was left out, as it may quote a credential"
}

// Place gives the places that the error of a parser names, and nothing that it
// quotes: " (line 3)", " (field users.user.token)", or "".
func Place(err error) string {
	places := regexp.MustCompile(`\bline \d+\b|\bbase64 data at input byte \d+\b`).FindAllString(err.Error(), 2)
	if m := regexp.MustCompile(`Go struct field ([A-Za-z.\[\]-]+) of type`).FindStringSubmatch(err.Error()); m != nil {
		places = append(places, "field "+m[1])
	}
	if len(places) == 0 {
		return ""
	}
	return " (" + strings.Join(places, ", ") + ")"
}
