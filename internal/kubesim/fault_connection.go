package kubesim

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"net/http"
	"time"
)

// ConnectionFaults break or stall the connection.
func ConnectionFaults() []Fault {
	return []Fault{
		ResetBeforeHeader(), ResetInHeader(), CutBody(1), CutBody(2000), BlackHole(), StalledBody(), Trickle(),
		EndlessBody(), EndlessWhitespace(), GzipBomb(1 << 30),
	}
}

// ResetBeforeHeader breaks the connection instead of answering. If the connection was
// used before, Go's transport repeats the request on its own.
func ResetBeforeHeader() Fault {
	return Fault{Name: "reset before the header", Spoil: func(a *Answer) { reset(a.Writer, "") }}
}

// ResetInHeader breaks the connection within the headers.
func ResetInHeader() Fault {
	return Fault{Name: "reset within the header", Spoil: func(a *Answer) { reset(a.Writer, "HTTP/1.1 200 OK\r\nContent-Type: appl") }}
}

// reset breaks the connection after some first bytes: on TCP with a reset, otherwise
// by closing it.
func reset(w http.ResponseWriter, first string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = conn.Write([]byte(first))
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // otherwise the end looks only like an early EOF
	}
	_ = conn.Close()
}

// CutBody breaks the connection after n bytes of the true body, or one byte
// before its end.
func CutBody(n int) Fault {
	return Fault{Name: fmt.Sprintf("body cut after %d bytes", n), Spoil: func(a *Answer) {
		body := a.begin()
		_, _ = a.Writer.Write(body[:max(0, min(n, len(body)-1))])
		_ = http.NewResponseController(a.Writer).Flush()
		panic(http.ErrAbortHandler)
	}}
}

// begin sends the header of the true answer and returns its body.
func (a *Answer) begin() []byte {
	truth := a.truth()
	a.Writer.Header().Set("Content-Type", truth.header.Get("Content-Type"))
	a.Writer.WriteHeader(truth.code)
	_ = http.NewResponseController(a.Writer).Flush()
	return truth.body.Bytes()
}

// BlackHole accepts the request and never answers.
func BlackHole() Fault {
	return Fault{Name: "black hole", Spoil: func(a *Answer) {
		<-a.Request.Context().Done()
		panic(http.ErrAbortHandler)
	}}
}

// StalledBody sends half of the body and then nothing more.
func StalledBody() Fault {
	return Fault{Name: "stalled body", Spoil: func(a *Answer) {
		body := a.begin()
		_, _ = a.Writer.Write(body[:len(body)/2])
		_ = http.NewResponseController(a.Writer).Flush()
		<-a.Request.Context().Done()
		panic(http.ErrAbortHandler)
	}}
}

// Trickle sends the true body, one byte a second.
func Trickle() Fault {
	return Fault{Name: "one byte a second", Spoil: func(a *Answer) {
		for _, b := range a.begin() {
			if !a.pour([]byte{b}, time.Second) {
				return
			}
		}
	}}
}

// endlessPause keeps endless bodies at a few MB a second, so that deadlines pass in
// virtual time too.
const endlessPause = 10 * time.Millisecond

// pour writes a piece of a body and waits; it returns false once the client is gone.
func (a *Answer) pour(piece []byte, pause time.Duration) bool {
	_, err := a.Writer.Write(piece)
	if err == nil {
		err = http.NewResponseController(a.Writer).Flush()
	}
	return err == nil && wait(a.Request.Context(), pause) == nil
}

// EndlessBody never ends its rows: it repeats the true ones.
func EndlessBody() Fault {
	return Fault{Name: "endless rows", Spoil: func(a *Answer) {
		head, rows, _ := splitRows(a.begin())
		piece := append(bytes.Clone(rows), ',')
		for going := a.pour(head, 0); going; {
			going = a.pour(piece, endlessPause)
		}
	}}
}

// EndlessWhitespace sends spaces after the true answer.
func EndlessWhitespace() Fault {
	return Fault{Name: "endless whitespace", Spoil: func(a *Answer) {
		body := bytes.TrimSpace(a.begin())
		for going := a.pour(body[:len(body)-1], 0); going; {
			going = a.pour(bytes.Repeat([]byte{' '}, 64<<10), endlessPause)
		}
	}}
}

// GzipBomb sends a small compressed body that expands to n bytes of spaces.
func GzipBomb(n int) Fault {
	return Fault{Name: "gzip bomb", Spoil: func(a *Answer) {
		const member = 1 << 20
		packed := pack(bytes.Repeat([]byte{' '}, member))
		a.Writer.Header().Set("Content-Encoding", "gzip")
		a.Writer.Header().Set("Content-Type", "application/json")
		for range n / member {
			if !a.pour(packed, 0) {
				return
			}
		}
	}}
}

// pack compresses data as one gzip member; members may follow each other.
func pack(data []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(data) // a bytes.Buffer takes everything
	_ = z.Close()
	return out.Bytes()
}
