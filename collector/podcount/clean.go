package podcount

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxErrorText bounds what of a server's words reaches a log line.
const maxErrorText = 200

// shorten makes one printable line of at most maxErrorText bytes of a text that
// somebody else wrote.
func shorten(text string) string {
	var line strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Cf, r) {
			r = ' '
		}
		if line.Len() >= maxErrorText {
			line.WriteString("…")
			break
		}
		line.WriteRune(r)
	}
	return strings.Join(strings.Fields(line.String()), " ")
}

// cleanError is an error whose text is safe to log, and whose cause can still
// be asked for with errors.Is and errors.As.
type cleanError struct {
	text  string
	cause error
}

// Error is the cleaned text.
func (e *cleanError) Error() string { return e.text }

// Unwrap gives the cause, whose own text is not safe to log.
func (e *cleanError) Unwrap() error { return e.cause }

// clean removes credentials, control characters and excess length from the text
// of err. The URL of a request is left out: it may hold user info, and the log
// line names the cluster and page already.
func clean(err error, redact func(string) string) error {
	inner := err
	for request := (*url.Error)(nil); errors.As(inner, &request); {
		inner = request.Err
	}
	text := inner.Error()
	if redact != nil {
		text = redact(text)
	}
	return &cleanError{text: shorten(text), cause: err}
}
