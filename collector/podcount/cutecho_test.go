package podcount

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// cutEcho is a server that sends the credential of a request back where its text is cut.
type cutEcho struct {
	code   int
	header http.Header
	body   string
	cut    int // where the connection breaks; 0: nowhere
	err    error
}

func (c cutEcho) RoundTrip(r *http.Request) (*http.Response, error) {
	getConn(r.Context())
	if c.err != nil {
		return nil, c.err
	}
	body := io.Reader(strings.NewReader(c.body))
	if c.cut > 0 {
		body = io.MultiReader(strings.NewReader(c.body[:min(c.cut, len(c.body))]), iotest.ErrReader(io.ErrUnexpectedEOF))
	}
	header := http.Header{"Content-Type": {"application/json"}}
	for name, values := range c.header {
		header[name] = values
	}
	return &http.Response{StatusCode: c.code, Body: io.NopCloser(body), Header: header}, nil
}

// shown is the text of the failure that a page has with this server, and that of a stream
// of events. Requests carry the Authorization.
func (c cutEcho) shown(t *testing.T, authorization string) []string {
	t.Helper()
	var texts []string
	for _, events := range []bool{false, true} {
		x := newExchange(t.Context(), time.Minute, make(chan struct{}, 1), nil)
		request, err := http.NewRequestWithContext(x.ctx, http.MethodGet, "http://api", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", authorization)
		direct := func(*http.Request) (*url.URL, error) { return nil, nil }
		response, err := redact.Transport(c, direct).RoundTrip(request)
		switch {
		case err != nil:
			err = x.failed("waiting for an answer", err)
		case events && c.code == http.StatusOK:
			x.body.r = response.Body
			_, err = newEventReader(&x.body, Pods, nil, nil).next()
			err = x.broken(&stream{}, err)
		default:
			_, failure := x.read(response, x.ready(response), content{kind: "PodList", item: (*decoder).skip}, nil)
			if failure != nil {
				err = failure
			}
		}
		x.close()
		if failure := (*PageError)(nil); errors.As(err, &failure) {
			texts = append(texts, clean(failure.Err, x.sent).Error())
		}
	}
	return texts
}

// leaked is a part of the credential that text has: eight bytes, or all but one of a short
// one.
func leaked(text, credential string) string {
	window := min(8, len(credential)-1)
	text = regexp.MustCompile(`status [0-9]{3}`).ReplaceAllString(text, "") // own words
	readings := []string{text}
	for range 4 {
		text = readEscapes(text)
		readings = append(readings, text)
	}
	for _, reading := range readings {
		readings = append(readings, strings.NewReplacer(" ", "", `\`, "").Replace(reading))
	}
	for at := 0; at+window <= len(credential); at++ {
		for _, in := range readings {
			if part := credential[at : at+window]; strings.Contains(in, part) {
				return part
			}
		}
	}
	return ""
}

const longCredential = "eyJhbGciOiJSUzI1NiIsImtpZCI6Ijk5In0"

// readEscapes reads a text as somebody would who knows the escapes of servers.
func readEscapes(text string) string {
	escapes := regexp.MustCompile(`(?i)(\\u[0-9a-f]{4})+|(\\x[0-9a-f]{2}|\\[0-3][0-7]{2}|%[0-9a-f]{2})+|\\["\\/]|&#?[0-9a-z]+;`)
	return escapes.ReplaceAllStringFunc(text, func(escape string) string {
		switch kind := strings.ToLower(escape[:2]); {
		case kind == `\u`:
			var units []uint16
			for _, digits := range strings.Split(strings.ToLower(escape), `\u`)[1:] {
				unit, _ := strconv.ParseUint(digits, 16, 16)
				units = append(units, uint16(unit))
			}
			return string(utf16.Decode(units))
		case kind[0] == '&':
			return html.UnescapeString(escape)
		case len(escape) == 2:
			return escape[1:]
		}
		return readByteEscapes(escape)
	})
}

// readByteEscapes reads escapes of single bytes.
func readByteEscapes(escapes string) string {
	var plain []byte
	for _, one := range regexp.MustCompile(`(?i)\\x..|%..|\\[0-3]..`).FindAllString(escapes, -1) {
		base, digits := 16, strings.TrimLeft(one, `\x%X`)
		if one[0] == '\\' && one[1] != 'x' && one[1] != 'X' {
			base = 8
		}
		b, _ := strconv.ParseUint(digits, base, 8)
		plain = append(plain, byte(b))
	}
	return string(plain)
}

// TestCutEcho has a server send the credential where this program, the connection or the
// server itself cuts the text. None of it may be shown.
func TestCutEcho(t *testing.T) {
	token := longCredential + strings.Repeat("x9Zq", 400) // 1.6 KB, as of a cloud provider
	status := func(message string) string { return `{"kind":"Status","code":504,"message":"` + message + ` end"}` }
	blanks := func(before, shown int) string { return strings.Repeat(" ", before-len("upstream said")-shown) }
	for _, size := range []int{4, 5, 7, 8, 12, 40, 900, len(token)} {
		cred := token[:size]
		if size < 40 {
			cred = "q7Zk9wXv3RtB"[:size]
		}
		for _, part := range []int{size - 1, (size + 1) / 2} {
			page := "<html><p>upstream said" + strings.Repeat(" ", maxStatusBytes-len("<html><p>upstream said")-part) + cred + "</p>"
			for _, tc := range []struct {
				name string
				echo cutEcho
			}{
				{"duplicate key", cutEcho{code: 200, body: `{"` + cred + `":1,"` + cred + `":2}`}},
				{"duplicate key after blanks", cutEcho{code: 200, body: strings.Replace(`{"K":1,"K":2}`, "K", strings.Repeat("é", redact.MaxLine-min(part, 150))+cred, 2)}},
				{"kind", cutEcho{code: 200, body: `{"kind":"` + strings.Repeat(" ", maxTextBytes-min(part, 800)) + cred + `","metadata":{},"items":[]}`}},
				{"kind alone", cutEcho{code: 200, body: `{"kind":"` + cred + `","metadata":{},"items":[]}`}},
				{"message, 500", cutEcho{code: 500, body: status("upstream said" + blanks(maxMessageBytes, part) + cred)}},
				{"message, 504", cutEcho{code: 504, body: status("upstream said" + blanks(maxMessageBytes, part) + cred)}},
				{"message, 410", cutEcho{code: 410, body: status("upstream said" + blanks(maxMessageBytes, part) + cred)}},
				{"message in a 200", cutEcho{code: 200, body: status("upstream said" + blanks(maxMessageBytes, part) + cred)}},
				{"message with escapes", cutEcho{code: 504, body: status(`\u0061` + strings.Repeat(" ", maxMessageBytes-1-part) + cred)}},
				{"message with characters of three bytes", cutEcho{code: 504, body: status(strings.Repeat("\u2003", 1200) + strings.Repeat(" ", max(0, maxMessageBytes-3600-part)) + cred)}},
				{"message, spread", cutEcho{code: 504, body: status(strings.Repeat(" ", maxMessageBytes-2*part) + strings.Join(strings.Split(cred, ""), " "))}},
				{"message in an event", cutEcho{code: 200, body: `{"type":"ERROR","object":` + status("upstream said"+blanks(maxMessageBytes, part)+cred) + `}`}},
				{"a Status without an error", cutEcho{code: 200, body: strings.Replace(status(blanks(maxMessageBytes, part)+strings.Repeat(" ", 13)+cred), "504", "200", 1)}},
				{"page", cutEcho{code: 502, body: page}},
				{"page, 504", cutEcho{code: 504, body: page}},
				{"page, packed", cutEcho{code: 504, body: packed(page), header: http.Header{"Content-Encoding": {"gzip"}}}},
				{"page, connection lost", cutEcho{code: 504, body: page, cut: len(page) - len("</p>") - size + part}},
				{"message, connection lost", cutEcho{code: 504, body: status(cred), cut: len(status("")) - len(` end"}`) + part}},
			} {
				t.Run(fmt.Sprintf("%s/%d of %d", tc.name, part, size), func(t *testing.T) {
					for _, text := range tc.echo.shown(t, "Bearer "+cred) {
						if part := leaked(text, cred); part != "" {
							t.Errorf("%q of the credential: %s", part, text)
						}
					}
				})
			}
		}
	}
	for name, echo := range map[string]cutEcho{
		"cut by the server":       {code: 504, body: status("the token " + token[:30] + "... is wrong")},
		"cut by a library":        {err: fmt.Errorf("malformed HTTP response %q", "HTTP/1.1 "+token[:300])},
		"content type":            {code: 200, header: http.Header{"Content-Type": {token[:300]}}},
		"word before it":          {code: 504, body: status("Bearer" + token[:30] + ")")},
		"quoted by the server":    {code: 504, body: status(`got \"` + token[:30] + `\"`)},
		"over lines, and cut":     {code: 504, body: status(`got ` + token[:6] + `\n` + token[6:30] + `.`)},
		"twice, and cut each one": {code: 504, body: status(token[:30] + token[:20])},
	} {
		t.Run(name, func(t *testing.T) {
			for _, text := range echo.shown(t, "Bearer "+token) {
				if part := leaked(text, token); part != "" {
					t.Errorf("%q of the credential: %s", part, text)
				}
			}
		})
	}
}

// TestEscapedEcho has servers and proxies quote the credential as their libraries do.
func TestEscapedEcho(t *testing.T) {
	const problem, status = `{"title":"Unauthorized","status":502,"detail":"no such token: %s"}`, `{"kind":"Status","code":502,"message":"no such token: %s"}`
	for _, tc := range []struct {
		name, body, token string
		escape            *strings.Replacer
	}{
		{"Gson", problem, "hunter2-=SeCrEtSeCrEtSeCrEt", strings.NewReplacer("=", `\u003d`)},
		{".NET", problem, "dGhpcyBp+cyBhIHNlY3JldCB0aGF0", strings.NewReplacer("+", `\u002B`)},
		{".NET, in a message", status, "dGhpcyBp+cyBhIHNlY3JldCB0aGF0", strings.NewReplacer("+", `\\u002B`)},
		{".NET, no ASCII", problem, "geheimnis-é-SeCrEtSeCrEtSeCrEt", strings.NewReplacer("é", `\u00E9`)},
		{"address", problem, "dGhpcyBp+cyBhIHNlY3JldCB0aGF0", strings.NewReplacer("+", "%2B")},
		{"address in a message", status, "dGhpcyBp+cyBhIHNlY3JldCB0aGF0", strings.NewReplacer("+", "%2b")},
		{"HTML in a message", status, "dGhpcyBp+cyBhIHNlY3JldCB0aGF0", strings.NewReplacer("+", "&#43;")},
		{"HTML in hex", status, "dGhpcyBp+cyBhIHNlY3JldCB0aGF0", strings.NewReplacer("+", "&#x2B;")},
		{"HTML twice", problem, "dGhpcyBp+cyBhIHNlY3JldCB0aGF0", strings.NewReplacer("+", "&amp;#43;")},
		{"log of a proxy", problem, "geheimnis-é-SeCrEtSeCrEtSeCrEt", strings.NewReplacer("é", `\xC3\xA9`)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			echo := cutEcho{code: 502, body: fmt.Sprintf(tc.body, tc.escape.Replace(tc.token))}
			for _, text := range echo.shown(t, "Bearer "+tc.token) {
				if !strings.Contains(text, "no such token: ***") || leaked(text, tc.token) != "" {
					t.Error(text)
				}
			}
		})
	}
}

// packed is text in gzip.
func packed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

// TestWordsOfAServerStay has what is no credential be quoted as before, whatever was sent.
func TestWordsOfAServerStay(t *testing.T) {
	for _, tc := range []struct {
		echo cutEcho
		want string
	}{
		{cutEcho{code: 500, body: `{"message":"etcd is slow"}`}, "status 500: etcd is slow"},
		{cutEcho{code: 504, body: `<p>upstream…</p>`}, "context deadline exceeded (status 504: upstream… )"},
		{cutEcho{code: 502, body: `<style>p{}</style>A <script>b()</script>proxy<br/>&lt;says&gt;<!-- not --> no<script/>`}, "status 502: A proxy <says> no"},
		{cutEcho{code: 500, body: `{"message":"etcd ` + strings.Repeat("is slow ", 1000) + `"}`}, "status 500: " + ("etcd " + strings.Repeat("is slow ", 30))[:redact.MaxLine-len("status 500: ")] + "…"},
		{cutEcho{code: 200, body: `{"kind":"PodMetricsList","metadata":{},"items":[]}`}, `the answer has items but its kind is "PodMetricsList"`},
		{cutEcho{code: 200, body: `{"spec":1,"spec":2}`}, `duplicate key "spec"`},
	} {
		if got := tc.echo.shown(t, "Bearer "+longCredential)[0]; got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}

// TestCutEchoAtRandom has credentials of any length and characters in any answer, quoted
// in any way, and cut anywhere.
func TestCutEchoAtRandom(t *testing.T) {
	for seed := range uint64(1000) {
		random := rand.New(rand.NewPCG(seed, 1))
		checkCutEcho(t, random)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// FuzzCutEcho is TestCutEchoAtRandom with other seeds.
func FuzzCutEcho(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { checkCutEcho(t, rand.New(rand.NewPCG(a, b))) })
}

// escapedAtRandom escapes what must be in a way that servers have, and with it any of what
// may be, each character always or never. No server escapes a backslash and leaves what
// must be escaped after it.
func escapedAtRandom(random *rand.Rand, text string) string {
	const backslash, entity, address = `["\\]`, `[&<>]`, `[^\pL\pN._~-]`
	way := []struct {
		form, must, may string
		units           func(r rune) []rune
	}{
		{`\u%04x`, backslash, `[^\w]`, inUTF16}, {`\u%04X`, backslash, `[^\w]`, inUTF16},
		{`\x%02x`, backslash, `[^\w]`, inBytes}, {`\x%02X`, backslash, `[^\w]`, inBytes}, {`\%03o`, backslash, `[^\w]`, inBytes},
		{"&#%d;", entity, `[^\w\\]`, inCharacters}, {"&#X%05X;", entity, `[^\w\\]`, inCharacters},
		{"%%%02x", address, ".", inBytes}, {"%%%02X", address, ".", inBytes},
	}[random.IntN(9)]
	must, may := regexp.MustCompile(way.must), regexp.MustCompile(way.may)
	often, seed := 1+random.IntN(8), random.Uint64()
	var escaped strings.Builder
	for _, r := range text {
		some := may.MatchString(string(r)) && rand.New(rand.NewPCG(seed, uint64(r))).IntN(often) == 0
		if !some && !must.MatchString(string(r)) {
			escaped.WriteRune(r)
			continue
		}
		for _, unit := range way.units(r) {
			fmt.Fprintf(&escaped, way.form, unit)
		}
	}
	return escaped.String()
}

func inCharacters(r rune) []rune { return []rune{r} }

func inUTF16(r rune) (units []rune) {
	for _, unit := range utf16.AppendRune(nil, r) {
		units = append(units, rune(unit))
	}
	return units
}

func inBytes(r rune) (units []rune) {
	for _, b := range []byte(string(r)) {
		units = append(units, rune(b))
	}
	return units
}

func checkCutEcho(t *testing.T, random *rand.Rand) {
	t.Helper()
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	alphabet := []rune(pick("1236789ABCDEFG", "1236789-_XYZQ", `1236789"\<>&/`, "1236789éß日😀", `12367+/=%\&#;x`))
	secret := make([]rune, 4+random.IntN([]int{5, 40, 900}[random.IntN(3)]))
	for i := range secret {
		secret[i] = alphabet[random.IntN(len(alphabet))]
	}
	cred := string(secret)
	authorization := "Bearer " + cred
	if random.IntN(3) == 0 {
		authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte("u:"+cred))
	}
	inJSON := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	sent := pick(cred, cred, authorization, strings.TrimPrefix(authorization, "Basic "))
	broken := random.IntN(4) == 0 // the body is then quoted itself, and a text in it twice
	quoted := sent
	if !broken {
		quoted = pick(sent, strconv.Quote(sent), inJSON(sent))
	}
	again := quoted
	for range random.IntN(3) { // a body that is quoted itself has been escaped once more
		quoted = escapedAtRandom(random, quoted)
		again = " " + quoted // else both together may look like an escape
	}
	before := pick("", "upstream said", "so wrong: ")
	limit := []int{redact.MaxLine, maxTextBytes, maxMessageBytes}[random.IntN(3)]
	pad := strings.Repeat(pick(" ", " ", "ö", "."), max(0, limit-len(before)-random.IntN(len(quoted)+1)))
	text := before + pad + quoted + pick("", " end", "\n", again)
	echo := cutEcho{code: []int{200, 410, 500, 504}[random.IntN(4)]}
	switch random.IntN(6) {
	case 0:
		echo.body = `{"kind":` + inJSON(text) + `,"metadata":{},"items":[]}`
	case 1:
		echo.body = `{` + inJSON(text) + `:1,` + inJSON(text) + `:2}`
	case 2:
		echo.body = `{"type":"ERROR","object":{"kind":"Status","code":504,"message":` + inJSON(text) + `}}`
	case 3:
		page := "<html><p>" + before
		echo.body = page + strings.Repeat(" ", max(0, maxStatusBytes-len(page)-random.IntN(6*len(quoted)))) + pick(html.EscapeString(quoted), quoted)
	default:
		echo.body = `{"kind":"Status","code":` + pick("504", "500", "200") + `,"message":` + inJSON(text) + `}`
	}
	if broken {
		echo.cut = 1 + random.IntN(len(echo.body))
	}
	for _, shown := range echo.shown(t, authorization) {
		if part := leaked(shown, cred); part != "" && leaked(strings.Repeat(".", 10)+before, cred) == "" {
			t.Errorf("%q of %q: %s", part, cred, shown)
		}
	}
}
