package redact

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// forms returns the ways in which a text is quoted, once or twice, the longest first: a
// message in JSON may quote it, and be quoted itself as a part of what is no Status.
func forms(text string) (all []string) {
	for _, once := range quoted(text) {
		all = append(all, quoted(once)...)
	}
	return longestFirst(all)
}

// longestFirst sorts texts, and leaves one of each.
func longestFirst(texts []string) []string {
	slices.SortFunc(texts, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(texts)
}

// quoted returns a text as it is, as Go quotes it, and as JSON does, with non-ASCII
// characters as they are or escaped.
func quoted(text string) []string {
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
	return longestFirst([]string{text, inGo[1 : len(inGo)-1], inASCII[1 : len(inASCII)-1], plain, escaped.String(), strings.ReplaceAll(plain, "/", `\/`)})
}
