package podcount

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// step answers one request of a script.
type step func(*http.Request) (*http.Response, error)

// script is a transport that plays its steps in order and notes the requests. When
// the steps are used up, a request fails the test.
type script struct {
	t      *testing.T
	nodes  []step
	pods   []step
	asked  []string     // "nodes", "pods", "pods?token" or "pods@version" of every request
	limits []int        // of the requests for pods
	idle   atomic.Int32 // how often idle connections were to be closed
	query  url.Values
	lane   chan struct{} // of its Counters
}

// RoundTrip plays the next step of the requested resource.
func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.query = r.URL.Query()
	name := strings.TrimPrefix(r.URL.Path, "/api/v1/")
	steps := &s.nodes
	if strings.HasSuffix(name, Pods) {
		steps = &s.pods
		limit, err := strconv.Atoi(s.query.Get("limit"))
		if err != nil {
			s.t.Errorf("limit: %v", err)
		}
		s.limits = append(s.limits, limit)
	}
	if token := s.query.Get("continue"); token != "" {
		name += "?" + token
	}
	if s.query.Get("resourceVersionMatch") == "Exact" {
		name += "@" + s.query.Get("resourceVersion")
	}
	s.asked = append(s.asked, name)
	if len(*steps) == 0 {
		s.t.Errorf("the script has no answer to %s", name)
		return nil, errors.New("end of the script")
	}
	next := (*steps)[0]
	*steps = (*steps)[1:]
	getConn(r.Context())
	return next(r)
}

// CloseIdleConnections is called after a timeout.
func (s *script) CloseIdleConnections() { s.idle.Add(1) }

// settle waits for the end of a request that was left behind at its deadline, so that
// its effects can be read.
func (s *script) settle() {
	s.lane <- struct{}{}
	<-s.lane
}

// expect compares the requests so far, and forgets them.
func (s *script) expect(want ...string) {
	s.t.Helper()
	s.settle()
	if !slices.Equal(s.asked, want) {
		s.t.Errorf("asked for %q\nwant      %q", s.asked, want)
	}
	s.asked = nil
}

// counter counts through the script, with waits that are not random.
func (s *script) counter(change func(*Config)) *Counter {
	s.t.Helper()
	cfg := DefaultConfig()
	cfg.Jitter = func() float64 { return 0.5 }
	cfg.Lane = s.lane
	cfg.Cores = oneCore(s.t)
	if change != nil {
		change(&cfg)
	}
	client := &http.Client{
		Transport:     s,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c, err := New(cfg, client, &url.URL{Scheme: "http", Host: "api"})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// newScript has one page of nodes, named a, b and c, for every count.
func newScript(t *testing.T, pods ...step) *script {
	return &script{t: t, nodes: repeat(20, nodePage("", "a", "b", "c")), pods: pods, lane: make(chan struct{}, 1)}
}

func repeat(n int, s step) []step { return slices.Repeat([]step{s}, n) }

// body answers with a status and a body in JSON, at once.
func body(code int, text string, header ...string) step {
	return func(r *http.Request) (*http.Response, error) {
		return answerWith(r, code, io.NopCloser(strings.NewReader(text)), header...), nil
	}
}

func answerWith(r *http.Request, code int, b io.ReadCloser, header ...string) *http.Response {
	response := &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: b, Request: r}
	for i := 0; i+1 < len(header); i += 2 {
		response.Header.Set(header[i], header[i+1])
	}
	return response
}

// podPage is a page of one pod per name, at resourceVersion 8.
func podPage(next string, onNodes ...string) step { return podPageAt("8", next, onNodes...) }

func podPageAt(version, next string, onNodes ...string) step {
	var rows bytes.Buffer
	for i, node := range onNodes {
		fmt.Fprintf(&rows, `%s{"cells":["p",%q]}`, comma(i), node)
	}
	return body(http.StatusOK, fmt.Sprintf(`{"kind":"Table","metadata":{"resourceVersion":%q,"continue":%q},`+
		`"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[%s]}`, version, next, rows.String()))
}

func nodePage(next string, names ...string) step {
	var items bytes.Buffer
	for i, name := range names {
		fmt.Fprintf(&items, `%s{"metadata":{"name":%q},"status":{"allocatable":{"pods":"110"}}}`, comma(i), name)
	}
	return body(http.StatusOK, fmt.Sprintf(`{"kind":"NodeList","metadata":{"resourceVersion":"7","continue":%q},"items":[%s]}`, next, items.String()))
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// status is a failed answer of an API server.
func status(code int, next string) step {
	return body(code, fmt.Sprintf(`{"kind":"Status","metadata":{"continue":%q},"status":"Failure","message":"no","code":%d}`, next, code))
}

// broken fails without an answer.
func broken(err error) step {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hang never answers.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// getConn does what net/http does when it asks for a connection.
func getConn(ctx context.Context) {
	if trace := httptrace.ContextClientTrace(ctx); trace != nil {
		trace.GetConn("api:80")
	}
}

// gotConn does what net/http does when it has one.
func gotConn(ctx context.Context, conn net.Conn) {
	httptrace.ContextClientTrace(ctx).GotConn(httptrace.GotConnInfo{Conn: conn})
}

// trickle gives a byte of an endless answer every second.
func trickle(r *http.Request) (*http.Response, error) {
	return answerWith(r, http.StatusOK, &trickling{ctx: r.Context()}), nil
}

type trickling struct{ ctx context.Context }

func (b *trickling) Read(p []byte) (int, error) {
	if err := sleep(b.ctx, time.Second); err != nil {
		return 0, err
	}
	p[0] = ' '
	return 1, nil
}

func (b *trickling) Close() error { return nil }

// cut returns nine tenths of the answer of s, then err.
func cut(s step, err error) step {
	return tail(s, func(context.Context) error { return err })
}

// cutThenHang returns nine tenths of the answer of s, and then nothing more.
func cutThenHang(s step) step {
	return tail(s, func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
}

// tail replaces the last tenth of the answer of s by an error.
func tail(s step, end func(context.Context) error) step {
	return func(r *http.Request) (*http.Response, error) {
		response, err := s(r)
		if err != nil {
			return nil, err
		}
		whole, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		part := bytes.NewReader(whole[:len(whole)*9/10])
		response.Body = io.NopCloser(io.MultiReader(part, failing(func() error { return end(r.Context()) })))
		return response, nil
	}
}

type failing func() error

func (f failing) Read([]byte) (int, error) { return 0, f() }

// line describes a snapshot, without times.
func line(s *Snapshot) string {
	if s == nil {
		return "none"
	}
	var text strings.Builder
	for _, node := range s.Nodes {
		fmt.Fprintf(&text, "%s=%d ", node.Name, node.ActivePods)
	}
	fmt.Fprintf(&text, "unscheduled=%d unknown=%d pages=%d version=%s consistent=%t",
		s.UnscheduledPods, s.UnknownNodePods, s.Pages, s.ResourceVersion, s.Consistent)
	return text.String()
}

// count counts once, and fails the test if that fails.
func (s *script) count(c *Counter) string {
	s.t.Helper()
	snapshot, err := countOnce(s.t.Context(), c, &recorder{})
	if err != nil {
		s.t.Fatalf("count: %v", err)
	}
	return line(snapshot)
}

// countFails counts once, and fails the test unless the count fails with a page error
// of that reason.
func (s *script) countFails(c *Counter, want Reason) *PageError {
	s.t.Helper()
	snapshot, err := countOnce(s.t.Context(), c, &recorder{})
	var failure *PageError
	if !errors.As(err, &failure) || failure.Reason != want || snapshot != nil {
		s.t.Fatalf("got %s, %v; want an error with reason %s", line(snapshot), err, want)
	}
	return failure
}

// countOnce counts, and returns what was published.
func countOnce(ctx context.Context, c *Counter, observer Observer) (*Snapshot, error) {
	var published *Snapshot
	err := c.Count(ctx, observer, func(s *Snapshot) { published = s })
	return published, err
}
