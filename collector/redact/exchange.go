// Package redact says what may be quoted of whom: only what is known to be harmless.
// A response can echo nothing but what its own request carried, so each exchange
// knows what it sent; of the lines of libraries the constant part is kept.
package redact

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Exchange knows what the requests of one exchange have carried besides what is
// in every request. The zero Exchange knows nothing. It is safe for concurrent use.
type Exchange struct {
	mu   sync.Mutex
	sent []string // nil until a request comes as far as the innermost transport
}

type exchangeKey struct{}

// NewExchange returns a context for the requests of one exchange, and what the
// innermost transport notes of them. Within an exchange it returns that one.
func NewExchange(ctx context.Context) (context.Context, *Exchange) {
	if e, within := ctx.Value(exchangeKey{}).(*Exchange); within {
		return ctx, e
	}
	e := &Exchange{}
	return context.WithValue(ctx, exchangeKey{}, e), e
}

// Of returns an Exchange that knows these texts, as if they had been sent.
func Of(secrets ...string) *Exchange {
	e := &Exchange{}
	e.add(secrets...)
	return e
}

func (e *Exchange) secrets() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sent
}

// Reached says whether a request came as far as the innermost transport. If not,
// what failed is on this side, and its error may quote a kubeconfig.
func (e *Exchange) Reached() bool { return e.secrets() != nil }

// Hide replaces what was sent, wherever text has it: as it is, or as Go and JSON
// quote it. It must see the whole text: a credential cut elsewhere is not known.
func (e *Exchange) Hide(text string) string {
	text = strings.TrimSpace(text)
	for _, secret := range e.secrets() {
		inGo := strconv.Quote(secret)
		inJSON, _ := json.Marshal(secret) // a string always can be
		for _, form := range []string{secret, inGo[1 : len(inGo)-1], string(inJSON[1 : len(inJSON)-1])} {
			text = strings.ReplaceAll(text, form, "***")
		}
		// Line would put together again what only white space keeps apart.
		if bared := bare(secret); len(bared) >= 2*shortest && strings.Contains(bare(text), bared) {
			return "*** (left out, as it quotes a credential)"
		}
		for n := len(secret) - 1; n >= 2*shortest; n-- { // reading may have stopped amid it
			if before, cut := strings.CutSuffix(text, secret[:n]); cut {
				text = before + "***"
			}
		}
	}
	return text
}

// shortest is the length below which a credential is a part of too many names.
const shortest = 4

// Echoed says whether a text that is shown as it is, such as the name of a node,
// has in it what was sent.
func (e *Exchange) Echoed(text string) bool {
	return slices.ContainsFunc(e.secrets(), func(secret string) bool {
		return text == secret || len(secret) >= shortest && strings.Contains(text, secret)
	})
}
