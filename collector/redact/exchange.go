// Package redact decides what may be quoted: only what is known to be harmless. A
// response can echo nothing secret but what its own request contained, so each
// exchange knows what it sent. Of lines that libraries log, only the constant part is
// kept.
package redact

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// Exchange knows what the requests of one exchange contained besides the usual
// headers. The zero Exchange knows nothing. It is safe for concurrent use.
type Exchange struct {
	mu   sync.Mutex
	sent []credential // nil until a request has reached the innermost transport
}

type exchangeKey struct{}

// NewExchange returns a context for the requests of one exchange, and the Exchange in
// which the innermost transport notes them. If ctx has an Exchange already, it
// returns that.
func NewExchange(ctx context.Context) (context.Context, *Exchange) {
	if e, within := ctx.Value(exchangeKey{}).(*Exchange); within {
		return ctx, e
	}
	e := &Exchange{}
	return context.WithValue(ctx, exchangeKey{}, e), e
}

// Of returns an Exchange that knows these texts as if they had been sent, for what quotes
// them whole or not at all.
func Of(secrets ...string) *Exchange {
	e := &Exchange{}
	e.add(credential{whole: true}, secrets...)
	return e
}

func (e *Exchange) credentials() []credential {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sent
}

// Reached says whether a request has reached the innermost transport. If not, the
// failure is on this side, and its error may quote a kubeconfig.
func (e *Exchange) Reached() bool { return e.credentials() != nil }

// Hide replaces what was sent wherever text contains it, as it is or escaped up to four
// times, over lines and with soft hyphens too. So it does with the beginning of it: the server,
// a proxy or a broken connection may have cut it. What was cut on this side must have a
// Mark, and is left out as far as it could be part of a credential, whatever it is.
func (e *Exchange) Hide(text string) string { return e.hide(text, true) }

// HideWhole is Hide for what is yet to be decoded, and then hidden again. It leaves the
// beginning of a credential alone: the rest may be there, too, in another form.
func (e *Exchange) HideWhole(text string) string { return e.hide(text, false) }

func (e *Exchange) hide(text string, cut bool) string {
	text = strings.TrimSpace(text)
	var forms []credential
	most := 0
	for _, c := range e.credentials() {
		most = max(most, len(c.text))
		forms = append(forms, c.forms()...)
	}
	var hidden []span
	for v := range views(text) {
		for _, form := range forms {
			hidden = append(hidden, form.in(v, cut)...)
		}
	}
	return hideEnds(replace(text, hidden), most)
}

// Echoed says whether a text that is shown as it is, such as the name of a node,
// contains what was sent. The name of a user must be the whole text: there may be a
// node admin-1.
func (e *Exchange) Echoed(text string) bool {
	credentials := e.credentials()
	for v := range levels(text) {
		if slices.ContainsFunc(credentials, func(c credential) bool {
			return v.text == c.text || !c.name && len(c.in(v, false)) > 0
		}) {
			return true
		}
	}
	return false
}
