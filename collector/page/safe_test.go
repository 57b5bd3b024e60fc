package page

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// hostile are names that a careless page would run, break at or misrepresent.
func hostile() []string {
	return []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onfocus='alert(1)`, `javascript:alert(1)`, `</title></main><h1>`,
		`{{.}}`, `{{template "main" .}}`, `<!--`, `]]>`, `../../-/reload`, `//evil.example/`, `&lt;b&gt;`, `a&name=b`, `a#b?c=d`, "\x00", "tab\tline\n", "\xff\xfe",
		"\u202egnp.exe", "\u2028", "\ufeff", `\u003cb`, "", " ", strings.Repeat("m", 253), "name with spaces", "日本語", "عربى",
	}
}

// named is a fleet whose clusters, nodes and errors have a name in them.
func named(name string) clusters {
	ill := failed(in(name, store.Stale, node(name, 110, 110), node(name+"2", 1, 110)), podcount.Server, time.Minute)
	ill.Err = &podcount.PageError{Err: errText(name)}
	ill.LastFailure = &Failure{Time: noon(), Reason: "server", Text: name}
	well := in(name+"3", store.Fresh, node(name, 1, 110))
	return clusters{ill, well}
}

type errText string

func (e errText) Error() string { return string(e) }

// shape is a document without its texts and the values of its attributes.
func shape(t *testing.T, document string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.ElementNode || n.Type == html.CommentNode {
			all.WriteString("<" + n.Data)
			for _, a := range n.Attr {
				all.WriteString(" " + a.Key)
			}
			all.WriteString(">")
		}
	}
	return all.String()
}

// Whatever a name is, the document has the elements of one with a tame name, and
// its links lead to the cluster of that name.
func TestHostileNames(t *testing.T) {
	targets := func(name string) []string {
		return []string{"/", "/cluster?name=" + url.QueryEscape(name), "/cluster?filter=" + url.QueryEscape(name) + "&name=" + url.QueryEscape(name), "/cluster?name=none" + url.QueryEscape(name)}
	}
	for _, name := range hostile() {
		for i, target := range targets(name) {
			want := shape(t, get(t, named("tame"), targets("tame")[i]).Body.String())
			body := get(t, named(name), target).Body.String()
			if got := shape(t, body); got != want {
				t.Errorf("%q at %s has another shape:\n%s\nwant\n%s", name, target, got, want)
			}
			checkTexts(t, body)
			checkLinks(t, body, map[string]bool{name: true, name + "3": true})
		}
	}
}

// checkTexts requires that the texts contain nothing invisible.
func checkTexts(t *testing.T, document string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.TextNode && strings.ContainsAny(n.Data, "\u202e\u2028\x00\ufeff\ufffd") {
			t.Errorf("something that cannot be seen is in %q", n.Data)
		}
	}
}

// checkLinks requires every link to stay on the site and below its prefix, and those
// to a cluster's page to have its unchanged name.
func checkLinks(t *testing.T, document string, names map[string]bool) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse("https://host.example/some/prefix/cluster?name=x")
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			if a.Key != "href" && a.Key != "src" && a.Key != "action" {
				continue
			}
			to, err := base.Parse(a.Val)
			if err != nil || to.Scheme != base.Scheme || to.Host != base.Host || !strings.HasPrefix(to.Path, "/some/prefix/") {
				t.Errorf("the link %q leads to %v (%v)", a.Val, to, err)
				continue
			}
			if strings.HasSuffix(to.Path, ClusterPath) && to.Query().Has("name") && a.Val[0] == 'c' && !names[to.Query().Get("name")] {
				t.Errorf("the link %q is to no cluster that there is", a.Val)
			}
		}
	}
}

// The documents do without everything that the policy forbids.
func TestPolicy(t *testing.T) {
	p := newPage(t, fleet())
	asset := httptest.NewRecorder()
	p.Assets(asset, httptest.NewRequestWithContext(t.Context(), http.MethodGet, p.assets.paths["page.js"], nil))
	answers := map[string]http.Header{"asset": asset.Header()}
	for _, target := range []string{"/", "/cluster?name=b-failing", "/cluster?name=nowhere", "/?%zz"} {
		answer := get(t, fleet(), target)
		answers[target] = answer.Header()
		root, err := html.Parse(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			if n.Data == "style" || n.Data == "script" && n.FirstChild != nil {
				t.Errorf("%s has an inline %s", target, n.Data)
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s has an attribute %s", target, a.Key)
				}
			}
		}
	}
	for target, header := range answers {
		policy := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %q", target, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: too much is allowed: %v", target, header)
		}
	}
}

func TestAssets(t *testing.T) {
	p := newPage(t, fleet())
	ask := func(path, have string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		request.Header.Set("If-None-Match", have)
		p.Assets(answer, request)
		return answer
	}
	for name, mediaType := range map[string]string{"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"} {
		path := p.assets.paths[name]
		if !strings.Contains(get(t, fleet(), "/").Body.String(), `".`+path+`"`) {
			t.Errorf("the document does not refer to %s", path)
		}
		answer := ask(path, "")
		if answer.Code != 200 || answer.Body.Len() == 0 || answer.Header().Get("Content-Type") != mediaType || !strings.Contains(answer.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", path, answer.Code, answer.Header())
		}
		if again := ask(path, answer.Header().Get("ETag")); again.Code != 304 || again.Body.Len() != 0 {
			t.Errorf("%s with its tag: %d, want 304", path, again.Code)
		}
	}
	for _, path := range []string{"/assets/", "/assets/page.css", "/assets/page.0123456789abcdef.css", "/assets/../page.go"} {
		if answer := ask(path, ""); answer.Code != 404 {
			t.Errorf("%s: %d, want 404", path, answer.Code)
		}
	}
	if _, err := p.assets.path("gone.css"); err == nil {
		t.Error("a document may refer to what is not there")
	}
}

// Any query gives a whole document.
func FuzzDocument(f *testing.F) {
	for _, name := range hostile() {
		f.Add("/cluster", url.Values{"name": {name}, "filter": {name}, "from": {name}}.Encode())
	}
	f.Add("/", "from=9223372036854775808&filter=%")
	f.Fuzz(func(t *testing.T, path, query string) {
		request := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path, RawQuery: query}}
		answer := httptest.NewRecorder()
		write, err := newPage(t, fleet()).Document(request)
		if err != nil {
			t.Fatal(err)
		}
		write(answer)
		if body := answer.Body.String(); !strings.HasSuffix(body, "</html>\n") || strings.Count(body, "<main") != 1 {
			t.Errorf("%s?%s: not a whole document:\n%s", path, query, body)
		}
	})
}
