// Package redact says what may be quoted of whom, and keeps credentials out of
// every text. It quotes only what is known to be harmless: a response can echo
// nothing but what its own request carried, so each exchange knows what it sent.
// Of the lines of libraries and parsers it keeps the constant part.
package redact

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
)

// Exchange knows what the requests of one exchange have carried besides what is
// in every request. A nil Exchange knows nothing. It is safe for concurrent use.
type Exchange struct {
	mu      sync.Mutex
	reached bool
	sent    []string
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

// Reached says whether a request came as far as the innermost transport. If not,
// what failed is on this side, and its error may quote a kubeconfig.
func (e *Exchange) Reached() bool {
	_, reached := e.noted()
	return reached
}

// Hide replaces what was sent, wherever text has it: as it is, or as Go and JSON
// quote it. It must see the whole text: once a credential is cut, nobody knows
// the rest for a part of it.
func (e *Exchange) Hide(text string) string {
	secrets, _ := e.noted()
	for _, secret := range secrets {
		inGo := strconv.Quote(secret)
		inJSON, _ := json.Marshal(secret) // a string always can be
		for _, form := range []string{secret, inGo[1 : len(inGo)-1], string(inJSON[1 : len(inJSON)-1])} {
			text = strings.ReplaceAll(text, form, "***")
		}
	}
	bare := strings.Map(visible, text)
	for _, secret := range secrets {
		// Line would put together again what only white space keeps apart.
		if secret = strings.Map(visible, secret); len(secret) >= 2*shortest && strings.Contains(bare, secret) {
			return "*** (left out, as it quotes a credential)"
		}
	}
	return text
}

// shortest is the length below which a credential is a part of too many names.
const shortest = 4

// Echoed says whether a text that is shown as it is, such as the name of a node,
// has in it what was sent.
func (e *Exchange) Echoed(text string) bool {
	secrets, _ := e.noted()
	for _, secret := range secrets {
		if text == secret || len(secret) >= shortest && strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

func (e *Exchange) noted() (secrets []string, reached bool) {
	if e == nil {
		return nil, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sent, e.reached
}
