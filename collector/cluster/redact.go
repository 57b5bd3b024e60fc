package cluster

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
)

// leaks are the points of client-go's and net/http's error texts after which
// they quote what may be a credential: the output of a credential plugin (and
// the hint of how to install it, which has many lines), and the value of
// HTTPS_PROXY. The rest of the text is dropped.
func leaks() []string {
	return []string{"decoding stdout", "plugin returned version", "invalid proxy address", "\n\n"}
}

// Redact makes a text of client-go fit for a log: one line, without control
// characters, without the user of a URL, without the output of a credential
// plugin. It does not know the clusters' own secrets, as Cluster.Redact does.
func Redact(text string) string { return hideUser(printable(cutLeaks(text))) }

func cutLeaks(text string) string {
	for _, leak := range leaks() {
		if i := strings.Index(text, leak); i >= 0 {
			text = text[:i+len(leak)]
		}
	}
	return text
}

// printable is text in one line. Characters without a shape, like the soft
// hyphens of an HTML page, are left out, as they would break a secret in two.
func printable(text string) string {
	if strings.IndexFunc(text, shapeless) < 0 {
		return text
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case shapeless(r):
			return -1
		}
		return r
	}, text))
}

func shapeless(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

// hideUser replaces what stands between "://" and the last "@" of a word.
func hideUser(text string) string {
	var out strings.Builder
	for {
		start := strings.Index(text, "://")
		if start < 0 {
			break
		}
		start += len("://")
		end := strings.IndexFunc(text[start:], func(r rune) bool { return unicode.IsSpace(r) || r == '"' })
		if end < 0 {
			end = len(text) - start
		}
		word := text[start : start+end]
		out.WriteString(text[:start])
		if at := strings.LastIndexByte(word, '@'); at >= 0 {
			word = "***" + word[at:]
		}
		out.WriteString(word)
		text = text[start+end:]
	}
	if out.Len() == 0 {
		return text
	}
	return out.String() + text
}

// clean gives err back as it is when its text is harmless, else an error with
// the text redacted that still answers errors.Is and Timeout.
func (s scrubber) clean(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	cleaned := s.redact(text)
	if cleaned == text {
		return err
	}
	return &redacted{text: cleaned, err: err}
}

// redacted has no Unwrap, as errors.As would hand out the text it hides.
type redacted struct {
	text string
	err  error
}

func (e *redacted) Error() string { return e.text }

// Is is what errors.Is asks.
func (e *redacted) Is(target error) bool { return errors.Is(e.err, target) }

// Timeout is what net.Error asks.
func (e *redacted) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.err, &t) && t.Timeout()
}

// whereInFile takes from a parser's error the places that it names, and nothing
// that it quotes: " (line 3)", " (field users.user.token)", or "".
func whereInFile(err error) string {
	places := regexp.MustCompile(`\bline \d+\b|\bbase64 data at input byte \d+\b`).FindAllString(err.Error(), 2)
	if m := regexp.MustCompile(`Go struct field ([A-Za-z.\[\]-]+) of type`).FindStringSubmatch(err.Error()); m != nil {
		places = append(places, "field "+m[1])
	}
	if len(places) == 0 {
		return ""
	}
	return " (" + strings.Join(places, ", ") + ")"
}
