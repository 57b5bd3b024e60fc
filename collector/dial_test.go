package collector

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

type dialer func(context.Context, string, string) (net.Conn, error)

// countOpen keeps the number of open connections in open.
func countOpen(dial dialer, open *atomic.Int64) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		open.Add(1)
		return &countedConn{Conn: conn, closed: func() { open.Add(-1) }}, nil
	}
}

type countedConn struct {
	net.Conn
	once   sync.Once
	closed func()
}

func (c *countedConn) Close() error {
	c.once.Do(c.closed)
	return c.Conn.Close()
}
