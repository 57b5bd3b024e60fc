package redact

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// depth is how often escapes are resolved: those of a text that was escaped four times, as
// where a proxy's page quotes a Status that quotes JSON that quotes an address, and what
// looks like one in a credential.
const depth = 8

// view is a text as it was before somebody escaped it, or a part of it.
type view struct {
	text string
	// at is where each byte comes from; nil if the text is as it is shown.
	at []span
	// joined marks a text in which words are joined that were apart.
	joined bool
}

// span is a part of the text that is shown.
type span struct{ from, to int32 }

// levels are a text as it is, and as it was before it was escaped once, twice and so on,
// as long as there are escapes.
func levels(text string) iter.Seq[view] {
	return func(yield func(view) bool) {
		v := view{text: text}
		for range depth {
			plain := v.unescaped()
			if !yield(v) || plain.text == v.text {
				return
			}
			v = plain
		}
		yield(v)
	}
}

// views are the levels of a text, each as it is and bare: a backslash may separate, or
// begin an escape.
func views(text string) iter.Seq[view] {
	return func(yield func(view) bool) {
		for v := range levels(text) {
			if bare := v.bare(); !yield(v) || bare.joined && !yield(bare) {
				return
			}
		}
	}
}

// unescaped resolves each escape once.
func (v view) unescaped() view {
	if !strings.ContainsAny(v.text, `\%&`) {
		return v
	}
	text, at := make([]byte, 0, len(v.text)), make([]span, 0, len(v.text))
	for i := 0; i < len(v.text); {
		meant, size := unescape(v.text[i:])
		text = append(text, meant...)
		for range len(meant) {
			at = append(at, v.span(i, i+size))
		}
		i += size
	}
	return view{text: string(text), at: at}
}

// bare leaves out what may have been added.
func (v view) bare() view {
	text := bare(v.text)
	if len(text) == len(v.text) {
		return v
	}
	at := make([]span, 0, len(text))
	for i, r := range v.text {
		for n := range utf8.RuneLen(r) {
			if !added(r) {
				at = append(at, v.span(i+n, i+n+1))
			}
		}
	}
	return view{text, at, true}
}

// span is where a part of the view comes from.
func (v view) span(from, to int) span {
	if v.at == nil {
		return span{int32(from), int32(to)}
	}
	return span{v.at[from].from, v.at[to-1].to}
}

// bare returns text without what may have been added.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if added(r) {
			return -1
		}
		return r
	}, text)
}

// added says whether a character is one that Line removes, or that quoting adds.
func added(r rune) bool { return r == '\\' || invisible(r) }
