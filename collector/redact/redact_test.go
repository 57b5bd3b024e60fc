package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// send sends a request with headers through a proxy, if there is one, and returns its
// exchange and its error.
func send(tb testing.TB, proxy string, headers ...string) (*redact.Exchange, error) {
	tb.Helper()
	ctx, exchange := redact.NewExchange(tb.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://host/", nil)
	if err != nil {
		tb.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Add(name, value)
	}
	proxyOf := func(*http.Request) (*url.URL, error) {
		if proxy == "" {
			return nil, nil
		}
		return url.Parse(proxy)
	}
	nowhere := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.ErrUnsupported })
	_, err = redact.Transport(nowhere, proxyOf).RoundTrip(req)
	return exchange, err
}

func sent(tb testing.TB, proxy string, headers ...string) *redact.Exchange {
	tb.Helper()
	exchange, err := send(tb, proxy, headers...)
	if !errors.Is(err, errors.ErrUnsupported) {
		tb.Fatal(err)
	}
	return exchange
}

func inBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// awkward is a secret that neither Go nor JSON quotes as it is.
const awkward = `pa"ss\w<o>rd-é-9d2e41`

func TestHide(t *testing.T) {
	inJSON, err := json.Marshal(awkward)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, proxy, header, text, want string
	}{
		{"nothing sent", "", "Accept: secret-token", "no secret-token", "no secret-token"},
		{"harmless headers", "", "User-Agent: secret-token", "no secret-token", "no secret-token"},
		{"token", "", "Authorization: Bearer secret-token", "token secret-token is wrong", "token *** is wrong"},
		{"header", "", "Authorization: Bearer secret-token", "sent Bearer secret-token", "sent ***"},
		{"cut where reading stopped", "", "Authorization: Bearer secret-token", strings.Repeat("secret-token ", 5) + "secret-to ", "*** *** *** *** *** ***"},
		{"cut amid a text", "", "Authorization: Bearer secret-token", "(got secret-to, or \"secret-t\")", "(got ***, or \"***\")"},
		{"cut to less than eight", "", "Authorization: Bearer secret-token", "keep secret- words", "keep secret- words"},
		{"cut twice, next to itself", "", "Authorization: Bearer secret-token", "secret-tsecret-to", "******"},
		{"cut as Go quotes it", "", "Authorization: Bearer " + awkward, fmt.Sprintf("%q", awkward)[:15] + ".", `"***.`},
		{"cut over two lines", "", "Authorization: Bearer secret-token", "sec\nret-to ken", "***"},
		{"begins like the header", "", "Authorization: Bearer secret-token", "the Bearer scheme", "the Bearer scheme"},
		{"begins like a user", "", "Authorization: Basic " + inBase64("prometheus:hunter2"), "prometheuses", "prometheuses"},
		{"begins like a user's name", "", "Authorization: Basic " + inBase64("prometheus-admin:hunter2"), "a prometheus, or two", "a prometheus, or two"},
		{"cut, of another header", "", "Cookie: jane doe of accounts", "jane doe of a", "***"},
		{"mark", "", "Authorization: Bearer hunter2", "words of some length of hunter[…])", "words of some […])"},
		{"mark after blanks", "", "Authorization: Bearer hunter2", "some words and then" + strings.Repeat(" ", 100) + "h u\u00adnt\\er[…]", "some word[…]"},
		{"mark after what was hidden", "", "Authorization: Bearer hunter2", "words of some length hunter2[…]", "wor[…]"},
		{"mark at the beginning", "", "Authorization: Bearer hunter2", "hunter[…] and more", "[…] and more"},
		{"two marks", "", "Authorization: Bearer hunter2", "words of some length[…] words of some length[…].", "wor[…] wor[…]."},
		{"mark, and nothing sent", "", "", "words[…]", "words[…]"},
		{"cut in Basic", "", "Authorization: Basic " + inBase64("alice:hunter2-hunter2"), inBase64("alice:hunter2-hunter2")[:9], "***"},
		{"end like the scheme", "", "Authorization: Bearer secret-token", "wants a Bearer", "wants a Bearer"},
		{"twice, next to itself", "", "Authorization: Bearer secret-token", "secret-tokensecret-token", "******"},
		{"without a scheme", "", "Authorization: secret-token", "a secret-token", "a ***"},
		{"short token", "", "Authorization: Bearer abc", "a (abc) b", "a (***) b"},
		{"in Go", "", "Authorization: Bearer " + awkward, fmt.Sprintf("not %q", awkward), `not "***"`},
		{"in JSON", "", "Authorization: Bearer " + awkward, "not " + string(inJSON), `not "***"`},
		{"quoted twice", "", "Authorization: Bearer " + awkward, fmt.Sprintf("not %q", fmt.Sprintf("%q", awkward)), `not "\"***\""`},
		{"quoted three times", "", "Authorization: Bearer " + awkward, fmt.Sprintf("not %q", fmt.Sprintf("%q", fmt.Sprintf("%q", awkward))), `not "\"\\\"***\\\"\""`},
		{"with soft hyphens", "", "Authorization: Bearer secret-token", "no s\u00adecret-\u00adtoken x", "no *** x"},
		{"split by what shows nothing", "", "Authorization: Bearer secret-token", "no secret\u3164-to\ue000ken x", "no *** x"},
		{"over two lines", "", "Authorization: Bearer secret-token", "no secret-\n token\n x", "no ***\n x"},
		{"Basic", "", "Authorization: Basic " + inBase64("alice:hunter2"), "Basic " + inBase64("alice:hunter2") + " for alice:hunter2, hunter2 of alice", "*** for ***, *** of ***"},
		{"short user", "", "Authorization: Basic " + inBase64("u:hunter2"), `status 403: User "u" cannot use u, u.`, `status 403: User "***" cannot use ***, ***.`},
		{"short password", "", "Authorization: Basic " + inBase64("alice:e"), "denied: e/\"e\" né(e)é e", `denied: ***/"***" né(***)é ***`},
		{"short password with a mark", "", "Authorization: Basic " + inBase64("alice:-"), "a-b - --", "a-b *** ******"},
		{"user in a word", "", "Authorization: Basic " + inBase64("node:hunter2"), `nodes: "node" may not`, `nodes: "***" may not`},
		{"token of a user's length", "", "Authorization: Bearer node", "nodes", "***s"},
		{"Basic without a password", "", "Authorization: Basic " + inBase64("secret-token:"), "secret-token", "***"},
		{"Basic that is none", "", "Authorization: Basic %%%", "%%% and Basic", "*** and Basic"},
		{"Proxy-Authorization", "", "Proxy-Authorization: Basic " + inBase64("alice:hunter2"), "hunter2", "***"},
		{"impersonated", "", "Impersonate-User: jane doe", "jane doe may not", "*** may not"},
		{"impersonated, quoted", "", "Impersonate-User: system:serviceaccount:a:b", `User "system:serviceaccount:a:b" may not`, `User "***" may not`},
		{"impersonated, in JSON", "", "Impersonate-User: jane<doe>", `{\"user\":\"jane\u003Cdoe\u003E\"}`, `{\"user\":\"***\"}`},
		{"impersonated, after a colon", "", "Impersonate-Group: prod", "group:prod: unknown", "group:***: unknown"},
		{"impersonated, of one word", "", "Impersonate-User: jane doe", "done by doe", "done by doe"},
		{"another account's name", "", "Impersonate-User: system:serviceaccount:a:b", `User "system:serviceaccount:kube-system:b" may not`, `User "system:serviceaccount:kube-system:b" may not`},
		{"group that begins another", "", "Impersonate-Group: system:serviceaccounts", `group "system:serviceaccounts:a" of "system:serviceaccounts".`, `group "system:serviceaccounts:a" of "***".`},
		{"group that begins a node's name", "", "Impersonate-Group: prod", "prod-1, prod.a, prod@a, prod/a, production, of prod", "prod-1, prod.a, prod@a, prod/a, production, of ***"},
		{"extra", "", "Impersonate-Extra-Reason: node", "nodes: node", "nodes: ***"},
		{"cookie", "", "Cookie: session=1234", "session=1234", "***"},
		{"user of the proxy", "http://bob:proxy-secret@proxy", "", inBase64("bob:proxy-secret") + " is proxy-secret", "*** is ***"},
		{"proxy without a user", "http://proxy", "", "http://proxy", "http://proxy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := sent(t, tt.proxy, tt.header).Hide(tt.text); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestHideKnowsTheOwnExchangeOnly(t *testing.T) {
	sent(t, "", "Authorization: Bearer another-token")
	if got := sent(t, "", "Authorization: Bearer secret-token").Hide("another-token"); got != "another-token" {
		t.Errorf("%q", got)
	}
	if got := (&redact.Exchange{}).Hide("another-token"); got != "another-token" {
		t.Errorf("no exchange: %q", got)
	}
}

// All requests of an exchange share what they know: a retry may carry a new token.
func TestExchangeOfSeveralRequests(t *testing.T) {
	ctx, first := redact.NewExchange(t.Context())
	if _, again := redact.NewExchange(ctx); again != first {
		t.Error("an exchange within an exchange")
	}
	if first.Reached() || (&redact.Exchange{}).Reached() {
		t.Error("nothing was sent yet")
	}
	if !sent(t, "").Reached() {
		t.Error("the request did not reach the transport")
	}
}

func TestEchoed(t *testing.T) {
	tests := []struct {
		name, header, text string
		want               bool
	}{
		{"other", "Authorization: Bearer secret-token", "node-1", false},
		{"empty", "Authorization: Bearer secret-token", "", false},
		{"token", "Authorization: Bearer secret-token", "secret-token", true},
		{"token in a name", "Authorization: Bearer secret-token", "node-secret-token-1", true},
		{"part of the token", "Authorization: Bearer secret-token", "secret", false},
		{"Basic", "Authorization: Basic " + inBase64("alice:hunter2"), inBase64("alice:hunter2"), true},
		{"password", "Authorization: Basic " + inBase64("alice:hunter2"), "x.hunter2", true},
		{"user in a name", "Authorization: Basic " + inBase64("node:hunter2"), "node-1", false},
		{"user as a name", "Authorization: Basic " + inBase64("node:hunter2"), "node", true},
		{"token as the user", "Authorization: Basic " + inBase64("node:"), "node-1", true},
		{"short password", "Authorization: Basic " + inBase64("alice:abc"), "abc", true},
		{"short password in a name", "Authorization: Basic " + inBase64("alice:abc"), "abc-1", true},
		{"short password amid letters", "Authorization: Basic " + inBase64("alice:abc"), "abcd-1", false},
		{"token, escaped", "Authorization: Bearer secret+token", `node-secret\u002Btoken`, true},
		{"impersonated user", "Impersonate-User: minikube", "minikube", true},
		{"impersonated user in a name", "Impersonate-User: admin", "admin-1", false},
		{"impersonated group in a name", "Impersonate-Group: prod", "eu.prod-worker-1", false},
		{"impersonated group at the end of a name", "Impersonate-Group: prod", "eu.prod", false},
		{"impersonated uid in a resourceVersion", "Impersonate-Uid: 1000", "210003", false},
		{"impersonated uid as a resourceVersion", "Impersonate-Uid: 1000", "1000", true},
		{"extra of an impersonated user in a name", "Impersonate-Extra-Reason: node", "node-1", false},
		{"last word of an impersonated group", "Impersonate-Group: System Admins", "Admins-1", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := sent(t, "", tt.header).Echoed(tt.text); got != tt.want {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestTransportHidesTheProxyOfAnError(t *testing.T) {
	_, err := send(t, "http://u:secret%zz@proxy")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestLine(t *testing.T) {
	x := strings.Repeat("x", redact.MaxLine)
	tests := []struct{ name, text, want string }{
		{"plain", "connection refused", "connection refused"},
		{"lines", "\na\r\nb\tc\x00d\n", "a b c d"},
		{"terminal escapes", "\x1b[31mred\x1b[0m\u009b", "[31mred [0m"},
		{"hidden and reversing", "a\u200bb\u202ec\u2028d", "a b c d"},
		{"of private use", "a\ue000b\U0010fffdc", "a b c"},
		{"no characters", "a\uffffb\ufdd0c\u0378d", "a b c d"},
		{"that show nothing", "a\u034fb\ufe0fc\u3164d\u115fe\u2800f", "a b c d e f"},
		{"marks", "e\u0301 नमस्ते €", "e\u0301 नमस्ते €"},
		{"invalid UTF-8", "a\xff\xfeb", "a b"},
		{"empty", "\n\n", ""},
		{"as long as may be", x, x},
		{"longer", x + "y", x + "…"},
		{"as long as may be, of three bytes each", strings.Repeat("日", redact.MaxLine), strings.Repeat("日", redact.MaxLine)},
		{"longer, of three bytes each", strings.Repeat("日", redact.MaxLine) + "本", strings.Repeat("日", redact.MaxLine) + "…"},
		{"longer, of one and three bytes", x[1:] + "日本", x[1:] + "日…"},
		{"of many MB", strings.Repeat("x", 1<<22), x + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := redact.Line(tt.text); got != tt.want {
				t.Errorf("%.300q, want %.300q", got, tt.want)
			}
		})
	}
}

// TestHideWhole leaves the beginning of a credential to a later Hide.
func TestHideWhole(t *testing.T) {
	exchange := sent(t, "", "Authorization: Bearer secret-t&ken")
	if got := exchange.HideWhole("secret-t<b>&amp;ken, secret-t&ken, sec ret-t&amp;<b>ken"); got != "secret-t<b>&amp;ken, ***, sec ret-t&amp;<b>ken" {
		t.Errorf("%q", got)
	}
}

func TestCut(t *testing.T) {
	for text, want := range map[string]string{"": "", "abc": "abc", "abcd": "abc[…]"} {
		all := []byte(text)
		if got := string(redact.Cut(all, 3)); got != want || string(all) != text {
			t.Errorf("%q of %q, want %q of %q", got, all, want, text)
		}
	}
}

func TestRead(t *testing.T) {
	broken := func(text string) io.Reader {
		return io.MultiReader(strings.NewReader(text), iotest.ErrReader(io.ErrUnexpectedEOF))
	}
	for _, tt := range []struct {
		name, want string
		from       io.Reader
	}{
		{"nothing", "", strings.NewReader("")},
		{"all", "ab", strings.NewReader("ab")},
		{"as much as may be, or a part", "abc[…]", strings.NewReader("abc")},
		{"a part", "abc[…]", strings.NewReader("abcd")},
		{"a broken connection", "ab[…]", broken("ab")},
	} {
		if got := string(redact.Read(tt.from, 3)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestWord(t *testing.T) {
	const leftOut = "*** (left out, as it is no plain word)"
	letters := strings.Repeat("aZ", 31) + "z"
	for text, want := range map[string]string{
		"": `""`, "PodList": `"PodList"`, letters: `"` + letters + `"`, letters + "a": leftOut,
		"Pod List": leftOut, "node1": leftOut, "a[": leftOut, "@": leftOut, "\u212a": leftOut, "a\n": leftOut, "é": leftOut,
	} {
		if got := redact.Word(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// What another cluster has sent does not matter, however many there are.
func BenchmarkHide(b *testing.B) {
	line := `status 403: pods is forbidden: User "prometheus" cannot list resource "pods" in API group "" at the cluster scope`
	for _, clusters := range []int{1, 300} {
		b.Run(fmt.Sprintf("clusters=%d", clusters), func(b *testing.B) {
			exchanges := make([]*redact.Exchange, clusters)
			for i := range exchanges {
				exchanges[i] = sent(b, "http://bob:proxy-secret@proxy", fmt.Sprintf("Authorization: Bearer %d-%s", i, strings.Repeat("t", 1000)))
			}
			for i := 0; b.Loop(); i++ {
				redact.Line(exchanges[i%clusters].Hide(line))
			}
		})
	}
}

// TestHideLongestFirst has one credential begin with another: nothing of the longer
// one remains.
func TestHideLongestFirst(t *testing.T) {
	for range 20 { // whatever order they were sent in
		for _, sent := range []*redact.Exchange{redact.Of("admin-77", "admin-77secret88"), redact.Of("admin-77secret88", "admin-77")} {
			if got := sent.Hide("Bearer admin-77secret88 of admin-77"); got != "Bearer *** of ***" {
				t.Fatalf("%q", got)
			}
		}
	}
}

// TestHideEscaped has a credential come back as JSON in ASCII, as Python writes it.
func TestHideEscaped(t *testing.T) {
	for _, text := range []string{"P\\u00e4sswort-geheim", "Pässwort-geheim"} {
		if got := redact.Of("Pässwort-geheim").Hide("no " + text); got != "no ***" {
			t.Errorf("%s: %q", text, got)
		}
	}
	if got := redact.Of("key😀with/slash").Hide(`a "key\ud83d\ude00with/slash" b`); got != `a "***" b` {
		t.Errorf("%q", got)
	}
}
