package kubesim

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// outcome is what a client receives for one request.
type outcome struct {
	err     error // no answer at all
	code    int
	header  http.Header
	body    []byte
	bodyErr error // of reading the body; nil at its clean end
	cut     bool  // the body was longer than a client reads
	took    time.Duration
}

const (
	clientTimeout = 30 * time.Second
	clientBytes   = 16 << 20
)

// fetch sends one request like the exporter: with one deadline for everything, and a
// limit on the body.
func fetch(t *testing.T, client *http.Client, path, token string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clientTimeout)
	defer cancel()
	query := url.Values{"limit": {"100"}, "includeObject": {"None"}, "fieldSelector": {unfinished}, "continue": {token}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://kubesim"+path+"?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", acceptTable)
	start := time.Now()
	response, err := client.Do(r)
	if err != nil {
		return outcome{err: err, took: time.Since(start)}
	}
	defer func() { _ = response.Body.Close() }() // what it says, reading has said
	body, err := io.ReadAll(io.LimitReader(response.Body, clientBytes))
	return outcome{
		code: response.StatusCode, header: response.Header, body: body, bodyErr: err,
		cut: len(body) == clientBytes, took: time.Since(start),
	}
}

// overPipe runs a server under a script with a client, in virtual time.
func overPipe(t *testing.T, script *Script, test func(t *testing.T, s *Server, client *http.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, func(c *Config) { small(c); c.Intercept = script.Intercept })
		config, stop := s.Start()
		defer stop()
		// On used connections the transport would repeat requests by itself.
		transport := &http.Transport{DialContext: config.Dial, DisableCompression: true, DisableKeepAlives: true}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
		test(t, s, client)
	})
}

// faultChecks says for every fault what a client must see; truth is the answer
// without the fault.
func faultChecks() map[string]func(got, truth outcome) bool {
	status := func(code int, says string) func(got, truth outcome) bool {
		return func(got, _ outcome) bool {
			return got.code == code && got.bodyErr == nil && strings.Contains(string(got.body), says)
		}
	}
	retryAfter := func(fits func(string) bool) func(got, truth outcome) bool {
		return func(got, _ outcome) bool { return got.code == 429 && fits(got.header.Get("Retry-After")) }
	}
	endless := func(got, _ outcome) bool { return got.code == 200 && got.bodyErr == nil && got.cut }
	late := func(got, _ outcome) bool {
		err := errors.Join(got.err, got.bodyErr)
		return errors.Is(err, context.DeadlineExceeded) && got.took == clientTimeout
	}
	broken := func(size int) func(got, truth outcome) bool {
		return func(got, truth outcome) bool {
			return got.code == 200 && errors.Is(got.bodyErr, io.ErrUnexpectedEOF) && bytes.Equal(got.body, truth.body[:size])
		}
	}
	checks := bodyChecks()
	maps.Copy(checks, map[string]func(got, truth outcome) bool{
		"status 401":                            status(401, `"reason":"Unauthorized"`),
		"status 403":                            status(403, `"reason":"Forbidden"`),
		"status 500":                            status(500, `"reason":"InternalError"`),
		"status 503":                            status(503, `"reason":"ServiceUnavailable"`),
		"status 504":                            status(504, `"reason":"Timeout"`),
		`status 429 with Retry-After ""`:        retryAfter(func(s string) bool { return s == "" }),
		`status 429 with Retry-After "1"`:       retryAfter(func(s string) bool { return s == "1" }),
		"status 429 with Retry-After as a date": retryAfter(func(s string) bool { _, err := http.ParseTime(s); return err == nil }),
		"status 410 with a fresh token":         status(410, `"continue":"`),
		"status 410 without a token":            status(410, `"metadata":{}`),
		"redirect": func(got, _ outcome) bool {
			return got.code == 302 && got.header.Get("Location") == "http://elsewhere.example/api/v1/pods"
		},
		"reset before the header":   func(got, _ outcome) bool { return errors.Is(got.err, io.EOF) },
		"reset within the header":   func(got, _ outcome) bool { return errors.Is(got.err, io.ErrUnexpectedEOF) },
		"body cut after 1 bytes":    broken(1),
		"body cut after 2000 bytes": broken(2000),
		"black hole":                late,
		"stalled body":              late,
		"one byte a second":         func(got, truth outcome) bool { return late(got, truth) && (len(got.body) == 30 || len(got.body) == 31) },
		"endless rows":              endless,
		"endless whitespace": func(got, truth outcome) bool {
			return endless(got, truth) && len(bytes.TrimSpace(got.body)) < len(truth.body)
		},
		"gzip bomb": isBomb,
	})
	return checks
}

// bodyChecks are those of BodyFaults and TokenFaults.
func bodyChecks() map[string]func(got, truth outcome) bool {
	return map[string]func(got, truth outcome) bool{
		"truncated JSON": func(got, truth outcome) bool { return got.bodyErr == nil && len(got.body) == len(truth.body)/2 },
		"empty body":     func(got, _ outcome) bool { return got.code == 200 && got.bodyErr == nil && len(got.body) == 0 },
		"no kind":        json200(func(a answer, _ outcome) bool { return a.Kind == "" && len(a.Rows) == 100 }),
		"wrong kind":     json200(func(a answer, _ outcome) bool { return a.Kind == "ConfigTable" && len(a.Rows) == 100 }),
		"null rows": json200(func(a answer, got outcome) bool {
			return a.Rows == nil && bytes.Contains(got.body, []byte(`"rows":null`))
		}),
		"duplicate rows":             json200(func(_ answer, got outcome) bool { return bytes.Count(got.body, []byte(`"rows":[{`)) == 2 }),
		"duplicate metadata":         json200(func(_ answer, got outcome) bool { return bytes.Count(got.body, []byte(`"metadata":{`)) == 2 }),
		"no node column":             json200(func(_ answer, got outcome) bool { return !bytes.Contains(got.body, []byte(`"name":"Node"`)) }),
		"cell of wrong type":         rawCells(func(c []any) bool { _, text := c[nodeColumn].(string); return len(c) == 9 && !text }),
		"missing cell":               rawCells(func(c []any) bool { return len(c) == 8 }),
		"extra cell":                 rawCells(func(c []any) bool { return len(c) == 10 && c[nodeColumn] == "extra" }),
		"invalid UTF-8":              func(got, _ outcome) bool { return got.bodyErr == nil && !utf8.Valid(got.body) },
		"cell of 4194304 bytes":      rawCells(func(c []any) bool { return len(c[0].(string)) == 4<<20 }),
		"node name of 4194304 bytes": rawCells(func(c []any) bool { return len(c[nodeColumn].(string)) == 4<<20 }),
		"100000 levels of nesting":   func(got, _ outcome) bool { return bytes.Contains(got.body, bytes.Repeat([]byte("["), 100000)) },
		"wrong content type": func(got, truth outcome) bool {
			return got.header.Get("Content-Type") == "text/plain" && bytes.Equal(got.body, truth.body)
		},
		"HTML": func(got, _ outcome) bool {
			return got.code == 200 && bytes.HasPrefix(got.body, []byte("<!DOCTYPE html>"))
		},
		"Status with 200":             json200(func(a answer, _ outcome) bool { return a.Kind == "Status" && a.Code == 500 }),
		"gzip that was not asked for": isPacked,
		"selector ignored":            hasFinished,
		"same token again":            json200(func(a answer, _ outcome) bool { return len(a.Rows) == 100 }),
		"tokens in a cycle":           json200(func(a answer, _ outcome) bool { return len(a.Rows) == 100 }),
		"empty page with a token":     json200(func(a answer, _ outcome) bool { return len(a.Rows) == 0 && a.Rows != nil && a.Metadata.Continue != "" }),
		"tokens without end":          json200(func(a answer, _ outcome) bool { return len(a.Rows) == 0 && a.Metadata.Continue != "" }),
	}
}

// json200 checks a right answer in JSON.
func json200(check func(a answer, got outcome) bool) func(got, truth outcome) bool {
	return func(got, _ outcome) bool {
		var a answer
		return got.code == 200 && got.bodyErr == nil && json.Unmarshal(got.body, &a) == nil && check(a, got)
	}
}

// rawCells checks the first row of a right answer.
func rawCells(check func(cells []any) bool) func(got, truth outcome) bool {
	return func(got, _ outcome) bool {
		var table struct{ Rows []struct{ Cells []any } }
		return got.bodyErr == nil && json.Unmarshal(got.body, &table) == nil && len(table.Rows) == 100 && check(table.Rows[0].Cells)
	}
}

// isBomb unpacks the first of a bomb's members only, and counts the others.
func isBomb(got, _ outcome) bool {
	packed := bytes.NewReader(got.body)
	z, err := gzip.NewReader(packed)
	if err != nil || got.header.Get("Content-Encoding") != "gzip" {
		return false
	}
	z.Multistream(false)
	data, err := io.ReadAll(z)
	member := len(got.body) - packed.Len()
	return err == nil && len(bytes.TrimSpace(data)) == 0 && len(data)*(len(got.body)/member) == 1<<30
}

// hasFinished has finished pods, which the selector of every request leaves out.
func hasFinished(got, truth outcome) bool {
	completed := []byte(`"conditions":[{"type":"Completed","status":"True"`)
	return got.code == 200 && bytes.Contains(got.body, completed) && !bytes.Contains(truth.body, completed)
}

func isPacked(got, truth outcome) bool {
	z, err := gzip.NewReader(bytes.NewReader(got.body))
	if err != nil || got.header.Get("Content-Encoding") != "gzip" {
		return false
	}
	data, err := io.ReadAll(z)
	return err == nil && bytes.Equal(data, truth.body)
}

func TestEveryFault(t *testing.T) {
	checks, seen := faultChecks(), map[string]bool{}
	for _, fault := range Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			if checks[fault.Name] == nil || seen[fault.Name] {
				t.Fatalf("the fault has no check of its own")
			}
			seen[fault.Name] = true
			script := NewScript(Rule{Fault: fault, Resource: "pods", Page: 2, Times: 1})
			overPipe(t, script, func(t *testing.T, _ *Server, client *http.Client) {
				token := decode(t, fetch(t, client, "/api/v1/pods", "").body).Metadata.Continue
				got := fetch(t, client, "/api/v1/pods", token)
				truth := fetch(t, client, "/api/v1/pods", token)
				if a := decode(t, truth.body); truth.code != 200 || len(a.Rows) != 100 || a.Metadata.Continue == "" {
					t.Fatalf("the answer after the fault is spoiled too: status %d, %d rows", truth.code, len(a.Rows))
				}
				if !checks[fault.Name](got, truth) {
					t.Errorf("error %v, status %d, header %v, body error %v after %v, body of %d bytes: %.300q",
						got.err, got.code, got.header, got.bodyErr, got.took, len(got.body), got.body)
				}
			})
			if script.Hits() != 1 {
				t.Errorf("%d answers were spoiled, want 1", script.Hits())
			}
		})
	}
	if len(seen) != len(checks) {
		t.Errorf("%d checks for %d faults", len(checks), len(seen))
	}
}

// tokensOf walks pods until the end or for a number of pages, and returns the
// continue tokens and rows of the answers.
func tokensOf(t *testing.T, client *http.Client, most int) (tokens []string, rows int) {
	t.Helper()
	for token := ""; len(tokens) < most; {
		got := fetch(t, client, "/api/v1/pods", token)
		page := decode(t, got.body)
		if page.Code == http.StatusGone && page.Metadata.Continue == "" || page.Code != 0 && page.Code != http.StatusGone {
			t.Fatalf("status %d", got.code)
		}
		token, rows = page.Metadata.Continue, rows+len(page.Rows)
		tokens = append(tokens, token)
		if token == "" {
			break
		}
	}
	return tokens, rows
}

// TestTokenFaults follows the tokens that faults give.
func TestTokenFaults(t *testing.T) {
	const rows = 413 // unfinished ones of the small cluster: five pages of 100
	distinct := func(tokens []string) int {
		set := map[string]bool{}
		for _, token := range tokens {
			set[token] = true
		}
		return len(set)
	}
	for _, tc := range []struct {
		name  string
		rule  Rule
		check func(tokens []string, rows int) bool
	}{
		{"an empty first page leads to the true one", Rule{EmptyPageWithToken(), "pods", FirstPage, 1},
			func(tokens []string, n int) bool { return len(tokens) == 6 && n == rows }},
		{"an empty middle page leads to the true one", Rule{EmptyPageWithToken(), "pods", MiddlePage, 1},
			func(tokens []string, n int) bool { return len(tokens) == 6 && n == rows && distinct(tokens) == 6 }},
		{"an empty last page leads to the true one", Rule{EmptyPageWithToken(), "pods", LastPage, 3},
			func(tokens []string, n int) bool { return len(tokens) == 8 && n == rows && distinct(tokens) == 8 }},
		{"tokens without end are new each time", Rule{EndlessTokens(), "pods", MiddlePage, Forever},
			func(tokens []string, n int) bool { return len(tokens) == 50 && n == 100 && distinct(tokens) == 50 }},
		{"the same token again", Rule{SameToken(), "pods", 3, Forever},
			func(tokens []string, n int) bool { return len(tokens) == 50 && n == 4900+100 && distinct(tokens) == 2 }},
		{"the same token again on the last page", Rule{SameToken(), "pods", LastPage, Forever},
			func(tokens []string, _ int) bool { return len(tokens) == 50 && distinct(tokens) == 4 }},
		{"a cycle of two tokens", Rule{CyclingTokens(), "pods", 3, Forever},
			func(tokens []string, n int) bool { return len(tokens) == 50 && n == 5000 && distinct(tokens) == 2 }},
		{"a cycle of the second page alone", Rule{CyclingTokens(), "pods", 2, Forever},
			func(tokens []string, n int) bool { return len(tokens) == 50 && n == 5000 && distinct(tokens) == 1 }},
		{"a fresh token goes on at the same page", Rule{Expired(true), "pods", 3, 1},
			func(tokens []string, n int) bool { return len(tokens) == 6 && n == rows }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			overPipe(t, NewScript(tc.rule), func(t *testing.T, _ *Server, client *http.Client) {
				if tokens, n := tokensOf(t, client, 50); !tc.check(tokens, n) {
					t.Errorf("%d rows and tokens %q", n, tokens)
				}
			})
		})
	}
}
