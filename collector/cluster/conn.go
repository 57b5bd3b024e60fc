package cluster

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math"
	"net"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const (
	// maxHandshakeBytes limits what a server sends of a TLS handshake. Go takes 256 KiB
	// of certificates, before it trusts any. Of its own, a server may have 20
	// (limitCertificates); one that takes client certificates of all public authorities
	// names them in another 20, which are not kept.
	maxHandshakeBytes = 40 << 10
	// maxOtherBytes limits, for each request, what a server sends beside the body of its
	// answer: headers, and what the body does not need. net/http reads empty frames,
	// pings and informational answers for as long as they come, and hands on nothing.
	maxOtherBytes = 256 << 10
	// maxEnvelope is how many bytes may carry one of a body: a server may send each in a
	// chunk, or a frame, and a TLS record of its own.
	maxEnvelope = 40
	// maxAllowed is how much of that may add up: the answers to 256 requests, as far as
	// HTTP/2 takes them unread.
	maxAllowed = 256 * maxUnreadBytes
)

// What a connection may write, counted in bytes of answers that it takes to earn it. net/http
// answers each ping and each of the settings with a write of its own, which costs more than
// all else that a server may send for nothing.
const (
	// writeBytes is what one write takes. net/http's HTTP/2 makes two at most for each 4 KiB
	// that are read of a body, to have the server send more.
	writeBytes = 1 << 10
	// maxSpare is what may add up, and what a new connection has. A handshake takes 5 writes.
	maxSpare = 256 * writeBytes
	// requestSpare is for each request. They are written 4 KiB at a time, and the longest
	// continue token takes 48, once escaped.
	requestSpare = 32 * writeBytes
	// secondSpare is for each second. Proxies that send pings do so every second at most.
	secondSpare = 2 * writeBytes
	// ended is so much less than nothing that no answer allows more.
	ended = math.MinInt64 / 2
)

var (
	errLongHandshake = &limitError{fmt.Sprintf("the TLS handshake is longer than %d bytes", maxHandshakeBytes)}
	errOtherBytes    = &limitError{fmt.Sprintf("the server sent more than %d bytes beside its answers", maxOtherBytes)}
	errOtherWrites   = &limitError{"the server sent more pings, or more settings, than its answers and their time allow"}
)

// limitError says which limit of a connection a server has exceeded.
type limitError struct{ text string }

// Error names the limit.
func (e *limitError) Error() string { return e.text }

// ConnectionLimit tells it from errors that a new connection may help against: to make one
// costs more than most that a server may send.
func (*limitError) ConnectionLimit() {}

// connection finds that of a request, to limit what is read of it.
type connection struct{ dialed, got atomic.Pointer[limitedConn] }

type connectionKey struct{}

// trace has what a server sends limited: in a handshake, if the request needs a new
// connection, which dial makes, and after it.
func (c *connection) trace(ctx context.Context) context.Context {
	ctx = context.WithValue(ctx, connectionKey{}, c)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeStart: func() { c.dialed.Load().limit(maxHandshakeBytes, errLongHandshake) },
		TLSHandshakeDone:  func(tls.ConnectionState, error) { c.dialed.Load().limit(maxOtherBytes, errOtherBytes) },
		GotConn: func(info httptrace.GotConnInfo) {
			conn := limitedOf(info.Conn)
			conn.allow(maxOtherBytes, requestSpare)
			c.got.Store(conn)
		},
	})
}

// dial connects to a server, or to the proxy before it.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext(ctx, network, address)
}

// limitedDial is outside what client-go wraps connections in, which cannot be looked through.
func limitedDial(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		limited := limitedFrom(conn)
		if c, is := ctx.Value(connectionKey{}).(*connection); is {
			c.dialed.Store(limited)
		}
		return limited, nil
	}
}

// limitedConn is a connection of which so much may be read, and to which so much may be
// written. A nil one has no limit.
type limitedConn struct {
	net.Conn
	left  atomic.Int64 // bytes
	over  atomic.Pointer[limitError]
	spare atomic.Int64 // for writes
	since time.Time    // of which nothing was added to spare; only Write uses it
}

func limitedFrom(conn net.Conn) *limitedConn {
	c := &limitedConn{Conn: conn, since: time.Now()}
	c.limit(maxOtherBytes, errOtherBytes)
	c.spare.Store(maxSpare)
	return c
}

// limitedOf returns the connection below TLS, or nil if dial has not made it.
func limitedOf(conn net.Conn) *limitedConn {
	for {
		switch c := conn.(type) {
		case *limitedConn:
			return c
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		default:
			return nil
		}
	}
}

// limit has so many bytes be read, and what is beyond them fail with over.
func (c *limitedConn) limit(left int64, over *limitError) {
	if c != nil {
		c.over.Store(over)
		c.left.Store(left)
	}
}

// allow has more bytes be read, and more be written.
func (c *limitedConn) allow(more, spare int64) {
	if c != nil {
		raise(&c.left, more, maxAllowed)
		raise(&c.spare, spare, maxSpare)
	}
}

// raise adds more to what is left, up to most.
func raise(left *atomic.Int64, more, most int64) {
	for {
		had := left.Load()
		if left.CompareAndSwap(had, min(had+more, most)) {
			return
		}
	}
}

// Read fails at the limit.
func (c *limitedConn) Read(p []byte) (int, error) {
	left := c.left.Load()
	if left <= 0 {
		return 0, c.over.Load()
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), left)])
	if c.left.Add(-int64(n)) < 0 { // Write ended it meanwhile
		err = c.over.Load()
	}
	return n, err
}

// Write fails at the limit, and ends the connection: net/http reads on after some errors.
// Neither it nor crypto/tls writes twice at once.
func (c *limitedConn) Write(p []byte) (int, error) {
	if c.spare.Add(-writeBytes) < 0 && !c.rested() {
		c.limit(ended, errOtherWrites)
		_ = c.Close() // or a read might wait for more
		return 0, errOtherWrites
	}
	return c.Conn.Write(p)
}

// rested adds what the time since then allows, and says whether that is enough.
func (c *limitedConn) rested() bool {
	earned := time.Since(c.since).Seconds() * secondSpare
	c.since = time.Now()
	raise(&c.spare, int64(earned), maxSpare)
	return c.spare.Load() >= 0
}

// countedBody is the body of an answer. What is read of it, a server may have sent.
type countedBody struct {
	io.ReadCloser
	from *connection
}

// Read reads the body.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.from.got.Load().allow(maxEnvelope*int64(n), int64(n))
	return n, err
}
