package redact_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// each escapes every character of a text in this form. %c is the character, and what
// follows it its number.
func each(form, text string) string {
	var escaped strings.Builder
	for _, r := range text {
		fmt.Fprintf(&escaped, form, r)
	}
	return escaped.String()
}

// TestHideEscapes has a credential come back in each way in which servers escape texts.
// It is replaced, and the words beside it stay as they were sent.
func TestHideEscapes(t *testing.T) {
	const token = "q7Zk+9wX/v3Rt=B'<&>-é-😀"
	inJSON, err := json.Marshal(token)
	if err != nil {
		t.Fatal(err)
	}
	ways := map[string]string{
		"as it is":                         token,
		"Go":                               strconv.Quote(token),
		"Go, in ASCII":                     strconv.QuoteToASCII(token),
		"JSON of Go":                       string(inJSON),
		"JSON of Gson":                     strings.NewReplacer("=", `\u003d`, "'", `\u0027`, "<", `\u003c`, ">", `\u003e`, "&", `\u0026`).Replace(token),
		"JSON of System.Text.Json":         strings.NewReplacer("+", `\u002B`, "'", `\u0027`, "<", `\u003C`, ">", `\u003E`, "&", `\u0026`, "é", `\u00E9`, "😀", `\uD83D\uDE00`).Replace(token),
		"JSON of Python":                   strings.NewReplacer("é", `\u00e9`, "😀", `\ud83d\ude00`).Replace(token),
		"JSON of PHP":                      strings.ReplaceAll(token, "/", `\/`),
		"JSON, all of it":                  each(`\u%04x`, token[:len(token)-4]) + `\ud83d\uDE00`,
		"JSON in JSON":                     strings.NewReplacer("+", `\\u002B`, "é", `\\u00E9`, "😀", `\\uD83D\\uDE00`).Replace(token),
		"four times":                       strings.NewReplacer("+", `\\\\\\\\u002B`, "/", `\\\\\\\\/`).Replace(token),
		"an address":                       url.QueryEscape(token),
		"an address, in lower case":        strings.NewReplacer("+", "%2b", "/", "%2f", "=", "%3d", "é", "%c3%a9").Replace(token),
		"an address, all of it":            strings.ReplaceAll(fmt.Sprintf("% X", " "+token)[2:], " ", "%"),
		"an address in an address":         url.QueryEscape(url.QueryEscape(token)),
		"HTML":                             html.EscapeString(token),
		"HTML, by names":                   strings.NewReplacer("+", "&plus;", "=", "&equals;", "/", "&sol;", "&", "&amp;", "é", "&eacute;").Replace(token),
		"HTML, by numbers":                 each("&#%d;", token),
		"HTML, by numbers with zeros":      each("&#x%06X;", token),
		"HTML in JSON":                     strings.NewReplacer("+", `\u0026#43;`, "&", `\u0026amp;`).Replace(token),
		"JSON in HTML":                     html.EscapeString(strings.Trim(string(inJSON), `"`)),
		"an access log":                    strings.NewReplacer("'", `\x27`, "é", `\xC3\xa9`, "+", `\x2b`).Replace(token),
		"C, in octal digits":               strings.NewReplacer("'", `\047`, "é", `\303\251`, "+", `\053`).Replace(token),
		"eight digits":                     strings.NewReplacer("😀", `\U0001F600`).Replace(token),
		"split by backslashes, in a shell": strings.NewReplacer("'", `\'`, "&", `\&`, "<", `\<`, ">", `\>`, "=", `\=`).Replace(token),
		"split by backslashes that escape": strings.NewReplacer("v", `\v`, "t", `\t`).Replace(token),
		"split over lines, by a hyphen":    strings.NewReplacer("+", "\n\\u002B", "=", `\u00ad=`, "v3", "v\u00ad3").Replace(token),
		"as no more than its beginning":    `q7Zk\u002B9wX\/v3`,
		"as a beginning of eight in words": `q7Zk&#x2b;9wX`,
	}
	for name, quoted := range ways {
		quoted = strings.Trim(quoted, `"`)
		t.Run(name, func(t *testing.T) {
			text := `no \u0022` + quoted + `\u0022 &amp; 5%25`
			if got := sent(t, "", "Authorization: Bearer "+token).Hide(text); got != `no \u0022***\u0022 &amp; 5%25` {
				t.Errorf("%s of %s", got, text)
			}
			if whole := !strings.HasPrefix(name, "as ") && !strings.HasPrefix(name, "split"); whole && !redact.Of(token).Echoed("x"+quoted) {
				t.Errorf("%s is taken for a name", quoted)
			}
		})
	}
}

// TestHideLooksEscaped has credentials that are their own text in escapes, or end amid one.
func TestHideLooksEscaped(t *testing.T) {
	for _, tt := range []struct{ name, secret, text, want string }{
		{"as it is", `DOM\nina%41&lt;x`, `a DOM\nina%41&lt;x b`, "a *** b"},
		{"in JSON", `DOM\nina%41&lt;x`, `a DOM\\nina%41\u0026lt;x b`, "a *** b"},
		{"in HTML", `DOM\nina%41&lt;x`, `a DOM\nina%41&amp;lt;x b`, "a *** b"},
		{"over lines", `DOM\nina%41&lt;x`, "a DOM\\nina\n%41&lt;x b", "a *** b"},
		{"ends amid an escape", `pass\word\`, `a pass\word\n b`, "a ***n b"},
		{"ends amid an escape, in JSON", `pass\word\`, `a pass\\word\\n b`, "a ***n b"},
		{"short when read", `%61%62%63`, `abc abcd %61%62%63`, "*** abcd ***"},
		{"short when read, in HTML in JSON", `3"\\`, `a \\u0026#x22;3\\\\\u0026#x22;\\\\\\\\\u0026#x22; b`, `a \\u0026#x22;***\u0026#x22; b`},
		{"four times", `a%41b\233cde`, `no a%41b` + strings.Repeat(`\`, 16) + `233cde x`, "no *** x"},
		{"in JavaScript", `it's`, `no it\'s x`, "no *** x"},
		{"amid what is no entity", `hunter22`, `no &hunter22;\/ x`, `no &***;\/ x`},
		{"short, of two words", `this`, `with is, t\qhis`, `with is, t\qhis`},
		{"short without backslashes", `a\qcde`, `aqcde, a qcde, a\qcde`, "aqcde, a qcde, ***"},
		{"an escape in each escape", `a%b&c\d-e`, `no a%&#x32;5b\u&#48;026c\&#92;d-e x`, "no *** x"},
		{"no escapes", `hunter22`, `100% \q \ud83d \u00g1 &; &nosuch; %zz \`, `100% \q \ud83d \u00g1 &; &nosuch; %zz \`},
		{"a long beginning", `hunter22`, "&" + strings.Repeat("hunter2", 10), "&" + strings.Repeat("hunter2", 10)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := redact.Of(tt.secret).Hide(tt.text); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// TestHideCutEscapes has a text end amid an escape: what is left out before a mark is
// counted in characters of the credential, whatever they were written as.
func TestHideCutEscapes(t *testing.T) {
	for name, cut := range map[string]string{
		"whole":                 `\u0071\u0037\u0020`,
		"a backslash":           `q7\`,
		"a letter":              `q7\u`,
		"digits":                `q7\u005`,
		"doubled":               `q7\\\\u005`,
		"half of a pair":        `q7\ud83d`,
		"half of a pair, cut":   `q7\ud83d\ude0`,
		"eight digits":          `q7\U0001F60`,
		"two digits":            `q7\x5`,
		"octal digits":          `q7\13`,
		"percent":               `q7%`,
		"percent, cut":          `q7%5`,
		"percent of a percent":  `q7%25`,
		"percent, twice":        `q7%255`,
		"percent, four times":   `q7%2525255`,
		"percent, a backslash":  `q7%5C%7`,
		"entity":                `q7&`,
		"number":                `q7&#9`,
		"number in hex":         `q7&#x000005`,
		"name":                  `q7&equal`,
		"entity of an entity":   `q7&amp;#9`,
		"entity in JSON":        `q7\u0026#9`,
		"all of it, spread out": `\u0071 &#55; %20`,
	} {
		t.Run(name, func(t *testing.T) {
			// Seven bytes go: two of the credential or more, and others of the words.
			shown, mark := strings.CutSuffix(redact.Of("q7Z-12+").Hide("some words"+cut+redact.Mark), redact.Mark)
			if shown != "some " && shown != "some" || !mark {
				t.Errorf("%q of %s", shown, cut)
			}
		})
	}
	if got := (&redact.Exchange{}).Hide(`words\u00` + redact.Mark); got != `words\u00`+redact.Mark {
		t.Errorf("nothing was sent: %q", got)
	}
}

// BenchmarkHideLong is the longest text there is, full of escapes of escapes.
func BenchmarkHideLong(b *testing.B) {
	exchange := sent(b, "", "Authorization: Bearer "+strings.Repeat("t", 1000))
	for name, piece := range map[string]string{"backslashes": `\`, "entities": "&amp;amp;amp;amp;amp;", "marks": redact.Mark, "beginnings": "ttttttt-", "hidden": `\u0074ttttttt-`} {
		text := strings.Repeat(piece, 1<<16/len(piece))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				exchange.Hide(text)
			}
		})
	}
}
