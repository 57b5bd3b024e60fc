//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// rawAnswers are what servers send over HTTP/1.1 that net/http's own server cannot. body is an
// empty list of what was asked for.
func rawAnswers() map[string]func(w io.Writer, body string) {
	whole := func(head string) func(io.Writer, string) {
		return func(w io.Writer, body string) {
			_, _ = fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"+head+"\r\n%s", len(body), body)
		}
	}
	short := func(w io.Writer, body string) {
		_, _ = fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body)-10, body)
	}
	return map[string]func(io.Writer, string){
		// net/http gives the connection itself as the body, whatever the context says.
		"other protocol": func(w io.Writer, _ string) {
			_, _ = io.WriteString(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Type: application/json\r\n\r\n")
		},
		"other protocol that talks": func(w io.Writer, body string) {
			_, _ = io.WriteString(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Type: application/json\r\n\r\n")
			pour(w, body, func(int) string { return strings.Repeat(" ", 1<<10) })
		},
		"length that is too long":  whole("Content-Length: 1%d\r\n"), // and silence
		"length that is too short": short,
		"two lengths":              whole("Content-Length: %d\r\nContent-Length: 99999999999\r\n"),
		"length below zero":        whole("Content-Length: -%d\r\n"),
		"no answer for more": func(w io.Writer, body string) {
			_, _ = fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			pour(w, "", func(int) string { return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" })
		},
		"trailers without end": func(w io.Writer, body string) {
			pour(w, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n", len(body), body),
				func(i int) string { return fmt.Sprintf("X%d: %d\r\n", i, i) })
		},
		"chunks with long names": func(w io.Writer, _ string) {
			pour(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
				func(int) string { return "1;" + strings.Repeat("x", 2000) + "\r\n \r\n" })
		},
	}
}

// rawServer answers each request with what answer writes, and holds the connection for a
// while.
func rawServer(t *testing.T, answer func(w io.Writer, body string)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }() // the exporter may have closed it
		body := `{"kind":"Table","metadata":{"resourceVersion":"7"},"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[]}`
		if strings.HasSuffix(r.URL.Path, "/nodes") {
			body = `{"kind":"NodeList","metadata":{"resourceVersion":"7"},"items":[]}`
		}
		answer(conn, body)
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = buffered.ReadByte()
		}()
		select {
		case <-gone:
		case <-time.After(time.Minute):
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}
