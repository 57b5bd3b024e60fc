package podcount

import (
	"bufio"
	"cmp"
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

// request asks for the walk's next page and reads it, within one deadline, and notes in
// event what that took. The wait for a place in which to read the answer does not count.
// begun says that the count has pages already.
func (c *Counter) request(ctx context.Context, w *walk, begun bool, event *Page) (document, *PageError) {
	x := newExchange(ctx, c.cfg.PageTimeout, c.cfg.Lane, nil)
	defer x.close()
	x.body.seat = c.cfg.Cores.seat(x.ctx)
	doc, failure := c.ask(x, w, begun)
	event.Bytes, event.Duration = x.body.bytes, time.Since(x.began)
	if failure != nil {
		failure.Err = clean(failure.Err, x.sent)
		if failure.Reason == Timeout && !failure.busy() || failure.Reason == Network || ctx.Err() != nil {
			// The connection may be broken, or nobody will need it again. client-go's
			// transports are wrapped, so http.Client cannot close idle connections by
			// itself.
			x.hangUp()
			utilnet.CloseIdleConnectionsFor(c.client.Transport)
		}
	}
	return doc, failure
}

// readBytes is how much of a page is read at once: over HTTP/2, net/http tells the server
// after each read how much it may send, in a packet of its own.
const readBytes = 32 << 10

func (c *Counter) ask(x *exchange, w *walk, begun bool) (doc document, failure *PageError) {
	response, failure := x.open(c.client, c.pageURL(w), w.listing.form)
	if failure != nil {
		return doc, failure
	}
	defer func() { _ = response.Body.Close() }() // it may fail, but the answer was read to its end
	body := x.ready(response)
	if gate := c.cfg.Gate; gate != nil {
		place, err := x.enter(gate, begun)
		if err != nil {
			return doc, x.failed("waiting for a place in which to read the answer", fmt.Errorf("%w: %w", errBusy, err))
		}
		long := time.AfterFunc(longAnswer, place.Yield)
		defer func() { long.Stop(); place.Leave(failure != nil) }()
		body = &yielding{r: body, place: place, left: slowAnswer}
	}
	rows := w.target.content()
	if w.listing.form.include == "" { // no Table was asked for, so it may have other rows than it should
		rows.columns, rows.row = nil, nil
	}
	return x.read(response, bufio.NewReaderSize(body, readBytes), rows, c.account)
}

// open sends the request for url and returns the answer when its headers have
// arrived.
func (x *exchange) open(client *http.Client, url string, f *form) (*http.Response, *PageError) {
	request, err := http.NewRequestWithContext(x.ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, &PageError{Reason: Network, Err: fmt.Errorf("making the request: %w", err)}
	}
	request.Header.Set("Accept", f.accept)
	request.Header.Set("Accept-Encoding", cmp.Or(f.encoding, "identity"))
	response, err := x.send(client, request)
	if err != nil {
		return nil, x.failed("waiting for an answer", err)
	}
	// Others are not looked at. In memory, 64 KiB of short ones are more than a MiB, and
	// an answer may wait for its place.
	header := make(http.Header)
	for _, name := range []string{"Content-Type", "Content-Encoding", "Retry-After", "Location"} {
		header.Set(name, response.Header.Get(name))
	}
	response.Header = header
	return response, nil
}

// pageURL never sends resourceVersion=0: the server would ignore the limit.
func (c *Counter) pageURL(w *walk) string {
	query := url.Values{
		"limit":         {strconv.Itoa(w.sizer.size)},
		"timeout":       {c.cfg.PageTimeout.String()},
		"fieldSelector": {w.listing.selector()},
		"continue":      {w.token},
	}
	if w.versioned() {
		query.Set("resourceVersion", w.startVersion)
		query.Set("resourceVersionMatch", "Exact")
	}
	return w.listing.url(c.base, query)
}

var errNotJSON = errors.New("the answer is not JSON")

// read decodes the body. A decoder's error counts only if the connection delivered
// everything: half an answer is a network failure, not a malformed answer.
func (x *exchange) read(response *http.Response, body io.Reader, rows content, own *account) (doc document, failure *PageError) {
	x.body.r = body
	if err := x.body.seat.take(); err != nil {
		return doc, x.failed("reading the body", err)
	}
	defer x.body.seat.give()
	plain, err := plain(response.Header, &x.body)
	if response.StatusCode != http.StatusOK {
		if err == nil {
			doc = readWords(plain, x.sent)
		}
		return doc, statusError(response.StatusCode, response.Header, doc, time.Now())
	}
	if err == nil {
		err = mustBeJSON(response.Header)
	}
	if err == nil {
		d := newDecoder(plain)
		defer d.window.close() // blanks after the document are a value, too
		d.window.account, d.window.exchange, d.echoed = own, x, x.sent.Echoed
		if doc, err = d.next(rows); err == nil {
			err = d.end()
		}
	}
	switch {
	case x.body.err != nil:
		failure = x.failed("reading the body", x.body.err)
	case err != nil:
		failure = malformed(err)
	case doc.kind == "Status" && doc.code >= 400:
		failure = statusError(doc.code, response.Header, doc, time.Now())
	case doc.kind == "Status":
		failure = malformed(fmt.Errorf("a Status in place of a list: %s", doc.message))
	}
	return doc, failure
}

func mustBeJSON(header http.Header) error {
	// One that is missing is what was asked for, as for client-go. With parameters that
	// cannot be read, the type is known all the same.
	media, _, _ := mime.ParseMediaType(cmp.Or(header.Get("Content-Type"), jsonOnly))
	if media != jsonOnly {
		return fmt.Errorf("%w: content type %q", errNotJSON, header.Get("Content-Type"))
	}
	return nil
}
