package cluster

import (
	"errors"
	"io"
	"net"
	"net/http"
)

// Load is a Loader's first Load, for tests of its result: its error has all problems
// and faults.
func Load(opts Options) ([]Cluster, error) {
	loaded := NewLoader(opts).Load()
	errs := loaded.Problems
	for _, c := range append(loaded.Clusters, loaded.Nameless...) {
		errs = append(errs, c.Fault)
	}
	return loaded.Clusters, errors.Join(errs...)
}

// TransportOf returns net/http's transport of a client.
func TransportOf(client *http.Client) *http.Transport { return transportOf(client.Transport) }

// Allowed is what may be read of a connection for which so much was allowed, so often.
func Allowed(more int64, times int) int64 {
	c := &limitedConn{}
	for range times {
		c.allow(more, 0)
	}
	return c.left.Load()
}

// Connected returns a connection whose reads and writes are limited, and a body that comes
// over it.
func Connected(conn net.Conn, body io.ReadCloser) (net.Conn, io.Reader) {
	c, from := limitedFrom(conn), &connection{}
	from.got.Store(c)
	return c, &countedBody{body, from}
}
