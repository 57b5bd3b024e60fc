package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestRequestHeadersAreLimited has clients send headers that take much memory. They need
// no credentials, and need not end their request.
func TestRequestHeadersAreLimited(t *testing.T) {
	for name, tt := range map[string]struct {
		lines int // of 100 bytes
		end   string
		want  int
	}{
		"some":                       {150, "\r\n", http.StatusOK},
		"many":                       {250, "\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"many, and not at their end": {250, "", http.StatusRequestHeaderFieldsTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, "--kubeconfig="+serveSim(t))
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", e.address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			headers := &strings.Builder{}
			for i := range tt.lines {
				fmt.Fprintf(headers, "X-%03d: %s\r\n", i, strings.Repeat("x", 91))
			}
			if _, err := io.WriteString(conn, "GET /-/healthy HTTP/1.1\r\nHost: h\r\n"+headers.String()+tt.end); err != nil {
				t.Fatal(err)
			}
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			if response.StatusCode != tt.want {
				t.Errorf("status %d, want %d", response.StatusCode, tt.want)
			}
		})
	}
}
