package podcount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// maxStatusBytes bounds the body of an answer that is an error.
const maxStatusBytes = 64 << 10

// answer is the outcome of one request.
type answer struct {
	document
	bytes int64
	took  time.Duration
}

// passage is how far a request has come. A transport may work in goroutines of
// its own.
type passage struct {
	connecting, sent atomic.Bool
	conn             atomic.Pointer[net.Conn] // that the request is sent on
}

// trace keeps net/http from repeating by itself a request that was sent on a
// connection that broke: all attempts are counted, and waited for, in one place.
func (p *passage) trace(abort context.CancelCauseFunc) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			p.connecting.Store(true)
			if p.sent.Load() {
				abort(errConnectionLost)
			}
		},
		GotConn:      func(got httptrace.GotConnInfo) { p.conn.Store(&got.Conn) },
		WroteHeaders: func() { p.sent.Store(true) },
	}
}

// hangUp closes the connection. Over HTTP/2 it would outlive its request, even
// one that it never answers: until the request's stream has ended, some time
// after the request, the connection is not idle.
func (p *passage) hangUp() {
	if conn := p.conn.Load(); conn != nil && *conn != nil {
		// It may be closed already; there is nothing to lose with it.
		_ = (*conn).Close()
	}
}

var errConnectionLost = errors.New("the connection was lost before an answer came")

// request asks for one page and reads it, all within one deadline.
func (c *Counter) request(ctx context.Context, r listing, at position, limit int, rows content) (answer, *PageError) {
	start := time.Now()
	process := ctx
	ctx, cancel := context.WithTimeout(ctx, c.cfg.PageTimeout)
	defer cancel()
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	ctx, sent := redact.NewExchange(ctx)
	rows.echoed = sent.Echoed
	var p passage
	ctx = httptrace.WithClientTrace(ctx, p.trace(abort))

	var a answer
	failure := c.exchange(ctx, &a, r, at, limit, rows, &p)
	a.took = time.Since(start)
	if failure != nil {
		failure.Resource = r.name
		failure.Err = clean(failure.Err, sent)
		if failure.Reason == Timeout || failure.Reason == Network || process.Err() != nil {
			// The connection may be what is broken, or nobody will need it again.
			// client-go's transports are wrapped, so http.Client cannot close the
			// idle ones by itself.
			p.hangUp()
			utilnet.CloseIdleConnectionsFor(c.client.Transport)
		}
	}
	return a, failure
}

func (c *Counter) exchange(ctx context.Context, a *answer, r listing, at position, limit int, rows content, p *passage) *PageError {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.pageURL(r, at, limit), nil)
	if err != nil {
		return &PageError{Reason: Network, Err: fmt.Errorf("making the request: %w", err)}
	}
	request.Header.Set("Accept", r.form.accept)
	request.Header.Set("Accept-Encoding", "identity")
	if r.form.gzip {
		request.Header.Set("Accept-Encoding", "gzip")
	}
	response, err := c.client.Do(request)
	if err != nil {
		return &PageError{Reason: classifyTransport(ctx, err, p.connecting.Load()), Err: err}
	}
	body := &wire{r: response.Body}
	if response.StatusCode != http.StatusOK {
		body.r = io.LimitReader(response.Body, maxStatusBytes)
	}
	defer func() {
		a.bytes = body.bytes
		// A failed Close takes nothing from an answer that was read to its end.
		_ = response.Body.Close()
	}()
	rows.kind, rows.budget = r.kind, c.cfg.Budget
	return a.read(ctx, response, body, rows)
}

// position is where a page begins: at a continue token, or else at the start, as
// of a resourceVersion if there is one.
type position struct{ token, version string }

// pageURL never has the resourceVersion 0: with it the server ignores the limit.
func (c *Counter) pageURL(r listing, at position, limit int) string {
	query := url.Values{
		"limit":   {strconv.Itoa(limit)},
		"timeout": {c.cfg.PageTimeout.String()},
	}
	if r.form.selector != "" {
		query.Set("fieldSelector", r.form.selector)
	}
	if r.form.include != "" {
		query.Set("includeObject", r.form.include)
	}
	switch {
	case at.token != "":
		query.Set("continue", at.token)
	case at.version != "":
		query.Set("resourceVersion", at.version)
		query.Set("resourceVersionMatch", "Exact")
	}
	page := c.base.JoinPath(r.path)
	page.RawQuery = query.Encode()
	return page.String()
}

var errNotJSON = errors.New("the answer is not JSON")

// read decodes the body. What the decoder says counts only if the connection
// gave all of it: half an answer is a network failure, not a malformed one.
func (a *answer) read(ctx context.Context, response *http.Response, body *wire, rows content) *PageError {
	plain, err := plain(response.Header, body)
	if response.StatusCode != http.StatusOK {
		if err == nil {
			a.document = readWords(plain)
		}
		return statusError(response.StatusCode, response.Header, a.document, time.Now())
	}
	if err == nil {
		err = a.decode(response.Header, plain, rows)
	}
	switch {
	case body.err != nil:
		return &PageError{Reason: classifyTransport(ctx, body.err, true), Err: fmt.Errorf("reading the body: %w", body.err)}
	case err != nil:
		return malformed(err)
	case a.kind != "Status":
		return nil
	case a.code >= 400:
		return statusError(a.code, response.Header, a.document, time.Now())
	default:
		return &PageError{Reason: Malformed, Err: fmt.Errorf("a Status in place of a list: %s", a.message)}
	}
}

func (a *answer) decode(header http.Header, plain io.Reader, rows content) error {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return fmt.Errorf("%w: content type %q", errNotJSON, header.Get("Content-Type"))
	}
	a.document, err = readDocument(newDecoder(plain), rows)
	return err
}
