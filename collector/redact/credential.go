package redact

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// credential is a text that must not be shown.
type credential struct {
	text string
	// alone marks a text that is part of too many words: it is hidden only where no
	// letter or digit is next to it. Within a word nobody can recognize it, unless
	// the rest of the word gives it away.
	alone bool
	// name marks the name of a user, which other names may contain.
	name bool
	// open marks a name that is no secret to those whose names begin with it.
	open bool
	// whole marks a text that begins with what is harmless. The rest of it is a
	// credential of its own.
	whole bool
}

const (
	// shortest is the length below which a credential is part of too many words.
	shortest = 4
	// least is the length from which on the beginning of a credential is taken for
	// one that was cut, and words for parts of one that was split.
	least = 2 * shortest
)

// forms are what a credential is looked for as in each view: as it is, and as it reads if
// what looks like an escape in it is resolved, as it is in the view.
func (c credential) forms() []credential {
	var texts []string
	for v := range levels(c.text) {
		texts = append(texts, v.text)
		if bared := bare(v.text); len(bared) >= least {
			texts = append(texts, bared)
		}
	}
	slices.Sort(texts)
	var all []credential
	for _, text := range slices.Compact(texts) {
		form := c
		form.text, form.alone = text, c.alone || len(text) < shortest
		all = append(all, form)
	}
	return all
}

// in returns where a view has c or, if it may have been cut, the beginning of it.
func (c credential) in(v view, cut bool) (all []span) {
	if v.joined && len(c.text) < least {
		return nil
	}
	cut = cut && !c.alone && !c.whole
	for from := 0; ; {
		next := strings.IndexByte(v.text[from:], c.text[0])
		if next < 0 {
			return all
		}
		from += next
		size := common(v.text[from:], c.text)
		if (size == len(c.text) || cut && size >= least) && c.stands(v.text[:from], v.text[from+size:]) {
			all = append(all, v.span(from, from+size))
		} else {
			size = 1
		}
		from += size
	}
}

// stands says whether c may be hidden between these texts.
func (c credential) stands(before, after string) bool {
	if c.open {
		after = strings.TrimLeft(after, "-._:@/")
	}
	left, _ := utf8.DecodeLastRuneInString(before)
	right, _ := utf8.DecodeRuneInString(after)
	return !c.alone || !inWord(left) && !inWord(right)
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// common is how many bytes at the beginning of two texts are the same.
func common(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// replace hides parts of a text, those that overlap as one.
func replace(text string, hidden []span) string {
	slices.SortFunc(hidden, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var left strings.Builder
	last := int32(0)
	for _, part := range hidden {
		if part.from >= last {
			left.WriteString(text[last:part.from] + "***")
		}
		last = max(last, part.to)
	}
	left.WriteString(text[last:])
	return left.String()
}
