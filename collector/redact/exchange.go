// Package redact says what may be quoted of whom: only what is known to be harmless.
// A response can echo nothing but what its own request carried, so each exchange
// knows what it sent; of the lines of libraries the constant part is kept.
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

// Exchange knows what the requests of one exchange have carried besides what is
// in every request. The zero Exchange knows nothing. It is safe for concurrent use.
type Exchange struct {
	mu   sync.Mutex
	sent []credential // nil until a request comes as far as the innermost transport
}

// credential is a text that is not to be shown.
type credential struct {
	text string
	// alone is for what is a part of too many words: it is hidden only where no letter
	// and no digit stands beside it. Within a word nobody can tell it, unless what is
	// left of the word tells it.
	alone bool
	// name is for who the user is, which other names may contain.
	name bool
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
	e.add(credential{}, secrets...)
	return e
}

func (e *Exchange) credentials() []credential {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sent
}

// Reached says whether a request came as far as the innermost transport. If not,
// what failed is on this side, and its error may quote a kubeconfig.
func (e *Exchange) Reached() bool { return e.credentials() != nil }

// Hide replaces what was sent, wherever text has it: as it is, or as Go and JSON
// quote it. It must see the whole text: a credential cut elsewhere is not known.
func (e *Exchange) Hide(text string) string {
	text = strings.TrimSpace(text)
	// The longest comes first: of one that begins another, the rest would stay.
	longest := slices.SortedStableFunc(slices.Values(e.credentials()), func(a, b credential) int { return len(b.text) - len(a.text) })
	for _, c := range longest {
		secret := c.text
		for _, form := range forms(secret) {
			text, _ = c.hide(text, form)
		}
		if c.alone {
			continue
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

// forms are the ways in which a text is quoted: as it is, by Go, and by JSON, with
// what is not ASCII as it is or escaped.
func forms(text string) []string {
	inGo, inASCII := strconv.Quote(text), strconv.QuoteToASCII(text)
	inJSON, _ := json.Marshal(text) // a string always can be
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

// shortest is the length below which a credential is a part of too many words.
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
// has in it what was sent. A user's name is looked for as the whole of it: there may
// be a node admin-1.
func (e *Exchange) Echoed(text string) bool {
	return slices.ContainsFunc(e.credentials(), func(c credential) bool {
		_, has := c.hide(text, c.text)
		return text == c.text || !c.name && has
	})
}
