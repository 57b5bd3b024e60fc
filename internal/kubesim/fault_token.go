package kubesim

import (
	"bytes"
	"net/http"
	"strconv"
	"sync/atomic"
)

// TokenFaults are answers whose continue token does not lead to the next page.
func TokenFaults() []Fault {
	return []Fault{SameToken(), CyclingTokens(), EmptyPageWithToken(), EndlessTokens()}
}

// SameToken answers with the true rows and the token of the request again.
func SameToken() Fault {
	return retoken("same token again", func(a *Answer, _ wireMeta) string { return a.token() })
}

// CyclingTokens answers with the true rows and a token that leads back to the page
// before, so that the two repeat forever; the second page's leads to itself, since
// the first has no token. A new token that leads back looks like a right one: to
// clients, tokens are opaque.
func CyclingTokens() Fault {
	return retoken("tokens in a cycle", func(a *Answer, _ wireMeta) string {
		if a.Previous != "" {
			return a.Previous
		}
		return a.token()
	})
}

// retoken is a fault that keeps the rows and changes the token.
func retoken(name string, token func(a *Answer, meta wireMeta) string) Fault {
	return Fault{Name: name, NeedsToken: true, Spoil: func(a *Answer) {
		truth := a.truth()
		if truth.code == http.StatusOK {
			meta := readMeta(truth.body.Bytes())
			edited := setToken(truth.body.Bytes(), meta, token(a, meta))
			truth.body.Reset()
			_, _ = truth.body.Write(edited)
		}
		a.forward()
	}}
}

// setToken returns a list with another continue token, and without
// remainingItemCount.
func setToken(b []byte, meta wireMeta, token string) []byte {
	b = bytes.Clone(b)
	version := `"metadata":{"resourceVersion":"` + meta.ResourceVersion + `"`
	if meta.Continue != "" {
		b = bytes.Replace(b, []byte(`,"continue":"`+meta.Continue+`"`), nil, 1)
	}
	return bytes.Replace(b, []byte(version), []byte(version+`,"continue":"`+token+`"`), 1)
}

func versionOf(meta wireMeta) int64 {
	version, err := strconv.ParseInt(meta.ResourceVersion, 10, 64)
	if err != nil {
		return anyVersion
	}
	return version
}

// EmptyPageWithToken answers without rows and with a token for the true page, like a
// server that has read many keys and selected none.
func EmptyPageWithToken() Fault {
	f := emptyPages()
	f.Name, f.Harmless = "empty page with a token", true
	return f
}

// EndlessTokens does the same with a new token each time. It never ends if its rule
// applies forever.
func EndlessTokens() Fault {
	f := emptyPages()
	f.Name = "tokens without end"
	return f
}

func emptyPages() Fault {
	var tokens atomic.Int64
	return Fault{Spoil: func(a *Answer) {
		truth := a.truth()
		if truth.code == http.StatusOK {
			meta := readMeta(truth.body.Bytes())
			head, _, tail := splitRows(truth.body.Bytes())
			token := alias(a.token(), versionOf(meta), int(tokens.Add(1)))
			edited := setToken(append(bytes.Clone(head), tail...), meta, token)
			truth.body.Reset()
			_, _ = truth.body.Write(edited)
		}
		a.forward()
	}}
}
