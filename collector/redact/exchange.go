// Package redact says what may be quoted of whom, and keeps credentials out of
// every text. It quotes only what is known to be harmless: a response can echo
// nothing but what its own request carried, so each exchange knows what it sent.
package redact

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// shortest is the length below which hiding a credential would garble every text.
const shortest = 4

// Exchange knows the credentials that the requests of one exchange have sent. A
// nil Exchange knows none. It is safe for concurrent use.
type Exchange struct {
	mu   sync.Mutex
	sent []string
}

type exchangeKey struct{}

// NewExchange returns a context for the requests of one exchange, and what the
// innermost transport notes of them.
func NewExchange(ctx context.Context) (context.Context, *Exchange) {
	e := &Exchange{}
	return context.WithValue(ctx, exchangeKey{}, e), e
}

// Hide replaces the credentials that were sent, wherever text has one.
func (e *Exchange) Hide(text string) string {
	for _, secret := range e.secrets() {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

// Echoed says whether text has a credential that was sent.
func (e *Exchange) Echoed(text string) bool {
	for _, secret := range e.secrets() {
		if strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

func (e *Exchange) secrets() []string {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sent
}

// note adds the credential of a header such as Authorization, and what a Basic
// one is made of (RFC 7617, section 2).
func (e *Exchange) note(header string) {
	if e == nil || header == "" {
		return
	}
	scheme, credential, found := strings.Cut(header, " ")
	if !found {
		scheme, credential = "", header
	}
	secrets := []string{credential}
	if pair, err := base64.StdEncoding.DecodeString(credential); err == nil && strings.EqualFold(scheme, "Basic") {
		_, password, _ := strings.Cut(string(pair), ":")
		secrets = append(secrets, string(pair), password)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, secret := range secrets {
		if len(secret) >= shortest {
			e.sent = append(e.sent, secret)
		}
	}
}

// recorder is the innermost transport: it sees each request the way it is sent.
type recorder struct{ next http.RoundTripper }

var _ utilnet.RoundTripperWrapper = recorder{}

// Transport notes the credentials of each request in the Exchange of its
// context, if it has one. It must be the innermost wrapper of a client.
func Transport(next http.RoundTripper) http.RoundTripper { return recorder{next: next} }

// RoundTrip sends req.
func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	e, _ := req.Context().Value(exchangeKey{}).(*Exchange)
	e.note(req.Header.Get("Authorization"))
	e.note(req.Header.Get("Proxy-Authorization"))
	return r.next.RoundTrip(req)
}

// WrappedRoundTripper is how client-go's helpers look through wrappers.
func (r recorder) WrappedRoundTripper() http.RoundTripper { return r.next }
