package cluster

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
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

var (
	errLongHandshake = fmt.Errorf("the TLS handshake is longer than %d bytes", maxHandshakeBytes)
	errOtherBytes    = fmt.Errorf("the server sent more than %d bytes beside its answers", maxOtherBytes)
)

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
			conn.allow(maxOtherBytes)
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
		limited := &limitedConn{Conn: conn}
		limited.limit(maxOtherBytes, errOtherBytes)
		if c, is := ctx.Value(connectionKey{}).(*connection); is {
			c.dialed.Store(limited)
		}
		return limited, nil
	}
}

// limitedConn is a connection of which so much may be read. A nil one has no limit.
type limitedConn struct {
	net.Conn
	left atomic.Int64 // bytes
	over atomic.Pointer[error]
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
func (c *limitedConn) limit(left int64, over error) {
	if c != nil {
		c.over.Store(&over)
		c.left.Store(left)
	}
}

// allow has more bytes be read.
func (c *limitedConn) allow(more int64) {
	for c != nil {
		left := c.left.Load()
		if c.left.CompareAndSwap(left, min(left+more, maxAllowed)) {
			return
		}
	}
}

// Read fails at the limit.
func (c *limitedConn) Read(p []byte) (int, error) {
	left := c.left.Load()
	if left <= 0 {
		return 0, *c.over.Load()
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), left)])
	c.left.Add(-int64(n))
	return n, err
}

// countedBody is the body of an answer. What is read of it, a server may have sent.
type countedBody struct {
	io.ReadCloser
	from *connection
}

// Read reads the body.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.from.got.Load().allow(maxEnvelope * int64(n))
	return n, err
}
