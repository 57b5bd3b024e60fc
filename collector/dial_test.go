package collector

import (
	"context"
	"net"
	"sync"
)

type dialer func(context.Context, string, string) (net.Conn, error)

// countOpen keeps in open how many connections are not closed. It is for
// bubbles, where a number that is read while all else waits needs no lock of
// the reader's.
func countOpen(dial dialer, open *int) dialer {
	var mu sync.Mutex
	add := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		*open += n
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		add(1)
		return &countedConn{Conn: conn, closed: func() { add(-1) }}, nil
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
