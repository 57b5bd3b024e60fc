// Package redact decides what may be quoted: only what is known to be harmless. A
// response can echo nothing secret but what its own request contained, so each
// exchange knows what it sent. Of lines that libraries log, only the constant part is
// kept.
package redact

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Exchange knows what the requests of one exchange contained besides the usual
// headers. The zero Exchange knows nothing. It is safe for concurrent use.
type Exchange struct {
	mu   sync.Mutex
	sent []credential // nil until a request has reached the innermost transport
}

// credential is a text that must not be shown.
type credential struct {
	text string
	// alone marks a text that is part of too many words: it is hidden only where no
	// letter or digit is next to it. Within a word nobody can recognize it, unless
	// the rest of the word gives it away.
	alone bool
	// name marks the name of a user, which other names may contain.
	name bool
	// whole marks a text that begins with what is harmless. The rest of it is a
	// credential of its own.
	whole bool
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

// Hide replaces what was sent wherever text contains it, as it is or as Go and JSON
// quote it. So it does with the beginning of it: the server, a proxy or a broken
// connection may have cut it. What was cut on this side must have a Mark, and is left out
// as far as it could be part of a credential, whatever it is.
func (e *Exchange) Hide(text string) string { return e.hide(text, false) }

// HideWhole is Hide for what is yet to be decoded, and then hidden again. It leaves the
// beginning of a credential alone: the rest may be there, too, in another form.
func (e *Exchange) HideWhole(text string) string { return e.hide(text, true) }

func (e *Exchange) hide(text string, whole bool) string {
	text = strings.TrimSpace(text)
	// The longest come first: if one begins with another, the rest would remain.
	longest := slices.SortedStableFunc(slices.Values(e.credentials()), func(a, b credential) int { return len(b.text) - len(a.text) })
	most := 0
	for _, c := range longest {
		ways := forms(c.text)
		most = max(most, len(ways[0]))
		for _, form := range ways {
			text, _ = c.hide(text, form)
		}
		if c.alone {
			continue
		}
		// Line would join what only white space separates.
		bared := bare(c.text)
		if whole || c.whole {
			ways = nil
		} else {
			bared = bared[:min(len(bared), least)]
		}
		text = hideBegun(text, ways)
		if len(bared) >= least && strings.Contains(bare(text), bared) {
			return "*** (left out, as it quotes a credential)"
		}
	}
	return hideEnds(text, most)
}

// shortest is the length below which a credential is part of too many words.
const shortest = 4

// hide replaces one form of c, and says whether text has it.
func (c credential) hide(text, form string) (without string, had bool) {
	var hidden strings.Builder
	for last := ""; ; last = form {
		before, after, found := strings.Cut(text, form)
		hidden.WriteString(before)
		if !found {
			return hidden.String(), had
		}
		left, _ := utf8.DecodeLastRuneInString(cmp.Or(before, last))
		right, _ := utf8.DecodeRuneInString(after)
		if c.alone && (inWord(left) || inWord(right)) {
			hidden.WriteString(form)
		} else {
			hidden.WriteString("***")
			had = true
		}
		text = after
	}
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// Echoed says whether a text that is shown as it is, such as the name of a node,
// contains what was sent. The name of a user must be the whole text: there may be a
// node admin-1.
func (e *Exchange) Echoed(text string) bool {
	return slices.ContainsFunc(e.credentials(), func(c credential) bool {
		_, has := c.hide(text, c.text)
		return text == c.text || !c.name && has
	})
}
