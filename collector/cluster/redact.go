package cluster

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"k8s.io/client-go/tools/clientcmd/api"
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
func Redact(text string) string {
	for _, leak := range leaks() {
		if i := strings.Index(text, leak); i >= 0 {
			text = text[:i+len(leak)]
		}
	}
	text = hideUser(text)
	if strings.IndexFunc(text, unicode.IsControl) < 0 {
		return text
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
}

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

// scrubber holds the secrets of one cluster, which no error may quote.
type scrubber []string

// secretsOf collects the secrets of a context's user and cluster.
func secretsOf(user *api.AuthInfo, server *api.Cluster) scrubber {
	var s scrubber
	for _, raw := range []string{server.Server, server.ProxyURL} {
		if u, err := url.Parse(raw); err == nil && u.User != nil {
			password, _ := u.User.Password()
			s.add(u.User.Username(), password)
		}
	}
	if user == nil {
		return s
	}
	s.add(user.Token, user.Password, string(user.ClientKeyData))
	if user.Exec != nil {
		for _, env := range user.Exec.Env {
			s.add(env.Value)
		}
	}
	if user.AuthProvider != nil {
		for _, value := range user.AuthProvider.Config {
			s.add(value)
		}
	}
	return s
}

// add leaves out what is so short that replacing it would garble every text.
func (s *scrubber) add(secrets ...string) {
	for _, secret := range secrets {
		if secret = strings.TrimSpace(secret); len(secret) >= 4 {
			*s = append(*s, secret)
		}
	}
}

func (s scrubber) redact(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return Redact(text)
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

func (e *redacted) Error() string        { return e.text }
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
