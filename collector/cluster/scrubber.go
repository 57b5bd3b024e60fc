package cluster

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"k8s.io/client-go/tools/clientcmd/api"
)

const (
	// maxText bounds the work of looking for secrets in what a server sent.
	maxText = 16 << 10
	// shortest is the length below which hiding a secret would garble every text.
	shortest = 4
	// fragment is the length from which a part of a secret is hidden, too: the
	// texts of others are often cut where they please.
	fragment = 8
)

// scrubber knows the secrets of one cluster, which no error may quote: those of
// its kubeconfig, and those that its requests were seen to carry.
type scrubber struct {
	known forms
	seen  *witness
}

func newScrubber() scrubber { return scrubber{seen: &witness{}} }

// secretsOf collects the secrets of a context's user and cluster.
func secretsOf(user *api.AuthInfo, server *api.Cluster) scrubber {
	s := newScrubber()
	s.addURL(server.Server)
	s.addURL(server.ProxyURL)
	if user == nil {
		return s
	}
	s.add(user.Token, user.Password)
	s.addKey(user.ClientKeyData)
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

func (s *scrubber) add(secrets ...string) {
	for _, secret := range secrets {
		s.known = s.known.with(secret)
	}
}

// addURL adds the user of a URL, if it has one, and what a Basic authorization
// makes of it.
func (s *scrubber) addURL(raw string) {
	if u, err := url.Parse(raw); err == nil && u.User != nil {
		password, _ := u.User.Password()
		pair := u.User.Username() + ":" + password
		s.add(u.User.Username(), password, u.User.String(), base64.StdEncoding.EncodeToString([]byte(pair)))
	}
}

// addKey adds a private key the way it stands in a file, line by line, and the
// way it stands in a kubeconfig. It is never sent, so nobody can escape it.
func (s *scrubber) addKey(pem []byte) {
	for line := range strings.Lines(string(pem)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			s.known = s.known.as(line)
		}
	}
	s.known = s.known.as(base64.StdEncoding.EncodeToString(pem))
}

func (s scrubber) redact(text string) string {
	text = printable(cutLeaks(text[:min(len(text), maxText)]))
	return hideUser(slices.Concat(s.known, s.seen.forms()).hide(text))
}

// forms are the ways in which secrets are written.
type forms []string

// with adds a secret as it is, escaped for JSON, Go, HTML, URLs and JSON
// pointers, and in base64.
func (f forms) with(secret string) forms {
	secret = strings.TrimSpace(printable(secret))
	if len(secret) < shortest {
		return f
	}
	quoted := strconv.Quote(secret)
	f = f.as(secret, quoted[1:len(quoted)-1], html.EscapeString(secret),
		url.QueryEscape(secret), url.PathEscape(secret),
		strings.NewReplacer("~", "~0", "/", "~1").Replace(secret))
	if escaped, err := json.Marshal(secret); err == nil {
		f = f.as(string(escaped[1 : len(escaped)-1]))
	}
	return f.as(inBase64(secret)...)
}

// as adds texts as they are.
func (f forms) as(texts ...string) forms {
	for _, text := range texts {
		if len(text) >= shortest && !slices.Contains(f, text) {
			f = append(f, text)
		}
	}
	return f
}

// inBase64 is what all encodings of a text with the secret in it share, at its
// end or before it, for the three places that the secret can have within a group
// of three bytes.
func inBase64(secret string) []string {
	var list []string
	for before := range 3 {
		padded := strings.Repeat("\x00", before) + secret
		whole := len(padded) * 8 / 6 // the characters that depend on nothing after the secret
		own := (before*8 + 5) / 6    // the first that depends on nothing before it
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			encoded := encoding.EncodeToString([]byte(padded))
			list = append(list, encoded[own:], encoded[own:whole])
		}
	}
	return list
}

// hide replaces what text has in common with the secrets.
func (f forms) hide(text string) string {
	if len(f) == 0 {
		return text
	}
	var out strings.Builder
	hidden := -1 // the end of what was replaced last
	for i := range len(text) {
		if n := f.match(text[i:]); n > 0 {
			if i > hidden {
				out.WriteString("***")
			}
			hidden = max(hidden, i+n)
		}
		if i >= hidden {
			out.WriteByte(text[i])
		}
	}
	// A part that was hidden may have ended within a character.
	return strings.ToValidUTF8(out.String(), "")
}

// match is the length of the part of a secret that text begins with, or 0.
func (f forms) match(text string) int {
	longest := 0
	for _, form := range f {
		n := min(len(form), fragment)
		if n > longest && n <= len(text) && strings.Contains(form, text[:n]) {
			longest = n
		}
	}
	return longest
}
