// Package redact decides what may be quoted: only what is known to be harmless. A
// response can echo nothing secret but what its own request contained, so each
// exchange knows what it sent. Of lines that libraries log, only the constant part is
// kept.
package redact

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
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

// Of returns an Exchange that knows these texts as if they had been sent.
func Of(secrets ...string) *Exchange {
	e := &Exchange{}
	e.add(credential{}, secrets...)
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
// quote it. It must see the whole text: a credential that has been cut is not
// recognized.
func (e *Exchange) Hide(text string) string {
	text = strings.TrimSpace(text)
	// The longest come first: if one begins with another, the rest would remain.
	longest := slices.SortedStableFunc(slices.Values(e.credentials()), func(a, b credential) int { return len(b.text) - len(a.text) })
	for _, c := range longest {
		secret := c.text
		for _, form := range forms(secret) {
			text, _ = c.hide(text, form)
		}
		if c.alone {
			continue
		}
		// Line would join what only white space separates.
		if bared := bare(secret); len(bared) >= 2*shortest && strings.Contains(bare(text), bared) {
			return "*** (left out, as it quotes a credential)"
		}
		for n := len(secret) - 1; n >= 2*shortest; n-- { // reading may have stopped in the middle of it
			if before, cut := strings.CutSuffix(text, secret[:n]); cut {
				text = before + "***"
			}
		}
	}
	return text
}

// forms returns the ways in which a text is quoted: as it is, by Go, and by JSON,
// with non-ASCII characters as they are or escaped.
func forms(text string) []string {
	inGo, inASCII := strconv.Quote(text), strconv.QuoteToASCII(text)
	inJSON, _ := json.Marshal(text) // a string can always be encoded
	plain := string(inJSON[1 : len(inJSON)-1])
	var escaped strings.Builder
	for _, unit := range utf16.Encode([]rune(plain)) {
		if unit < utf8.RuneSelf {
			escaped.WriteByte(byte(unit))
			continue
		}
		fmt.Fprintf(&escaped, `\u%04x`, unit)
	}
	all := []string{text, inGo[1 : len(inGo)-1], inASCII[1 : len(inASCII)-1], plain, escaped.String(), strings.ReplaceAll(plain, "/", `\/`)}
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(all)
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
