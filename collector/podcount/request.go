package podcount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// answer is the outcome of one request.
type answer struct {
	document
	bytes int64
	took  time.Duration
}

// request asks for one page and reads it, all within one deadline. What it waits
// for a place in which to read the answer is not part of that.
func (c *Counter) request(ctx context.Context, r listing, at position, limit int, rows content, begun bool) (answer, *PageError) {
	start := time.Now()
	x := c.newExchange(ctx)
	defer x.close()
	var a answer
	rows.kind, rows.budget, rows.echoed = r.kind, c.cfg.Budget, x.sent.Echoed
	failure := c.ask(x, &a, r, at, limit, rows, begun)
	a.took = time.Since(start) - x.waited
	if failure != nil {
		failure.Resource = r.name
		failure.Err = clean(failure.Err, x.sent)
		if failure.Reason == Timeout || failure.Reason == Network || ctx.Err() != nil {
			// The connection may be what is broken, or nobody will need it again.
			// client-go's transports are wrapped, so http.Client cannot close the
			// idle ones by itself.
			x.hangUp()
			utilnet.CloseIdleConnectionsFor(c.client.Transport)
		}
	}
	return a, failure
}

func (c *Counter) ask(x *exchange, a *answer, r listing, at position, limit int, rows content, begun bool) *PageError {
	request, err := http.NewRequestWithContext(x.ctx, http.MethodGet, c.pageURL(r, at, limit), nil)
	if err != nil {
		return &PageError{Reason: Network, Err: fmt.Errorf("making the request: %w", err)}
	}
	request.Header.Set("Accept", r.form.accept)
	request.Header.Set("Accept-Encoding", "identity")
	if r.form.gzip {
		request.Header.Set("Accept-Encoding", "gzip")
	}
	response, err := x.send(c.client, request)
	if err != nil {
		return x.failed("waiting for an answer", err)
	}
	body := &wire{r: x.ready(response)}
	defer func() {
		a.bytes = body.bytes
		// A failed Close takes nothing from an answer that was read to its end.
		_ = response.Body.Close()
	}()
	place, err := x.enter(c.cfg.Gate, begun)
	if err != nil {
		return x.failed("waiting for a place in which to read the answer", err)
	}
	failed := true
	defer func() { place.Leave(failed) }()
	body.r = newYielding(body.r, place)
	failure := a.read(x, response, body, rows)
	failed = failure != nil
	return failure
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
func (a *answer) read(x *exchange, response *http.Response, body *wire, rows content) *PageError {
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
		return x.failed("reading the body", body.err)
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
