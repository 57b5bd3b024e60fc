package cluster_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// frames is a server's side of an HTTP/2 connection, of which one request was read.
type frames struct {
	*http2.Framer
	stream uint32
	sent   *atomic.Int64 // bytes
	conn   io.Writer
}

// Write sends what the Framer made.
func (f *frames) Write(p []byte) (int, error) {
	n, err := f.conn.Write(p)
	f.sent.Add(int64(n))
	return n, err
}

// headers begins an answer with this status.
func (f *frames) headers(status string, end bool) error {
	var block strings.Builder
	if err := hpack.NewEncoder(&block).WriteField(hpack.HeaderField{Name: ":status", Value: status}); err != nil {
		return err
	}
	return f.WriteHeaders(http2.HeadersFrameParam{
		StreamID: f.stream, BlockFragment: []byte(block.String()), EndHeaders: true, EndStream: end,
	})
}

// framesServer is an HTTP/2 server that writes its own frames: net/http's would not send
// them.
func framesServer(t *testing.T, answer func(f *frames) error) (server *httptest.Server, sent *atomic.Int64) {
	t.Helper()
	sent = &atomic.Int64{}
	server = httptest.NewUnstartedServer(nil)
	server.TLS = &tls.Config{NextProtos: []string{http2.NextProtoTLS}}
	server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		http2.NextProtoTLS: func(_ *http.Server, conn *tls.Conn, _ http.Handler) {
			f := &frames{conn: conn, sent: sent}
			f.Framer = http2.NewFramer(f, conn)
			if err := f.accept(conn); err != nil {
				t.Errorf("accept: %v", err)
				return
			}
			gone := make(chan struct{})
			go func() { // or the client's acknowledgements would block it
				defer close(gone)
				_, _ = io.Copy(io.Discard, conn)
			}()
			_ = answer(f)
			<-gone // closed with unread bytes, a connection loses what was sent
		},
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, sent
}

// accept reads the first request.
func (f *frames) accept(conn io.Reader) error {
	if _, err := io.CopyN(io.Discard, conn, int64(len(http2.ClientPreface))); err != nil {
		return err
	}
	if err := f.WriteSettings(); err != nil {
		return err
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return err
		}
		if headers, is := frame.(*http2.HeadersFrame); is {
			f.stream = headers.StreamID
			return nil
		}
	}
}

// TestWhatIsNoAnswerIsLimited has servers that send, without end, what net/http reads
// and hands on to nobody.
func TestWhatIsNoAnswerIsLimited(t *testing.T) {
	flood := func(write func(f *frames) error) func(f *frames) error {
		return func(f *frames) error {
			for {
				if err := write(f); err != nil {
					return err
				}
			}
		}
	}
	amid := func(write func(f *frames) error) func(f *frames) error {
		return func(f *frames) error {
			return errors.Join(f.headers("200", false), f.WriteData(f.stream, false, []byte("x")), flood(write)(f))
		}
	}
	others := map[string]func(f *frames) error{
		"pings":                       func(f *frames) error { return f.WritePing(false, [8]byte{}) },
		"answers to no ping":          func(f *frames) error { return f.WritePing(true, [8]byte{}) },
		"settings":                    func(f *frames) error { return f.WriteSettings() },
		"windows of the connection":   func(f *frames) error { return f.WriteWindowUpdate(0, 1) },
		"windows of the stream":       func(f *frames) error { return f.WriteWindowUpdate(f.stream, 1) },
		"priorities":                  func(f *frames) error { return f.WritePriority(f.stream, http2.PriorityParam{}) },
		"frames of no known type":     func(f *frames) error { return f.WriteRawFrame(0xfb, 0, 0, make([]byte, 100)) },
		"resets of the stream before": func(f *frames) error { return f.WriteRSTStream(f.stream+2, http2.ErrCodeCancel) },
		"going away":                  func(f *frames) error { return f.WriteGoAway(f.stream, http2.ErrCodeNo, nil) },
	}
	bodies := map[string]func(f *frames) error{
		"data without bytes":   func(f *frames) error { return f.WriteData(f.stream, false, nil) },
		"data of padding":      func(f *frames) error { return f.WriteDataPadded(f.stream, false, nil, make([]byte, 200)) },
		"informational ones":   func(f *frames) error { return f.headers("103", false) },
		"an endless trailer":   func(f *frames) error { return f.WriteContinuation(f.stream, false, make([]byte, 100)) },
		"answers to no stream": func(f *frames) error { return f.WriteData(f.stream+2, false, nil) },
	}
	cases := map[string]func(f *frames) error{}
	for name, write := range others {
		cases[name], cases[name+", amid an answer"] = flood(write), amid(write)
	}
	for name, write := range bodies {
		cases[name+", amid an answer"] = amid(write)
	}
	cases["informational ones"] = flood(bodies["informational ones"])
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			silent(t)
			server, sent := framesServer(t, answer)
			_, err := lengthOf(t, server, "token: secret")
			server.Close()
			t.Logf("%d bytes sent, the request ended with %v", sent.Load(), err)
			if err == nil {
				t.Error("the request has an answer")
			}
			if most := int64(16 << 20); sent.Load() > most { // with what the kernel keeps
				t.Errorf("%d bytes were sent, want less than %d", sent.Load(), most)
			}
		})
	}
}

// TestLongAnswersOfEachUser has answers that are longer than what a server may send beside
// them, over connections that client-go has wrapped, or has not: for credential plugins
// and certificates out of files it closes them when these change.
func TestLongAnswersOfEachUser(t *testing.T) {
	own := certificateWith(t, noParts)
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := files(t, map[string]string{
		"c.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]})),
		"c.key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	})
	const size = 1 << 20
	for name, user := range map[string]string{
		"token":        "token: secret",
		"plugin":       execUser("token", ""),
		"certificates": fmt.Sprintf("client-certificate: %q, client-key: %q", filepath.Join(dir, "c.crt"), filepath.Join(dir, "c.key")),
	} {
		for _, multiplexed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, HTTP/2 %t", name, multiplexed), func(t *testing.T) {
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					_, _ = w.Write(make([]byte, size))
				}))
				server.EnableHTTP2 = multiplexed
				server.StartTLS()
				defer server.Close()
				if length, err := lengthOf(t, server, user); err != nil || length != size {
					t.Errorf("%d bytes, error %v, want %d", length, err, size)
				}
			})
		}
	}
}

// TestSlowlyPackedAnswers has servers that send each byte of an answer by itself: the
// limit is none for them, however long the answer.
func TestSlowlyPackedAnswers(t *testing.T) {
	const size = 60_000 // HTTP/2's first window
	plain := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range size {
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
		}
	})
	for name, start := range map[string]func() *httptest.Server{
		"HTTP/1.1":          func() *httptest.Server { return httptest.NewServer(plain) },
		"HTTP/1.1 with TLS": func() *httptest.Server { return httptest.NewTLSServer(plain) },
		"HTTP/2 with frames": func() *httptest.Server {
			server, _ := framesServer(t, func(f *frames) error {
				err := f.headers("200", false)
				for i := 0; i < size && err == nil; i++ {
					err = f.WriteData(f.stream, false, []byte("x"))
				}
				return errors.Join(err, f.WriteData(f.stream, true, nil))
			})
			return server
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := start()
			defer server.Close()
			if length, err := lengthOf(t, server, "token: secret"); err != nil || length != size {
				t.Errorf("%d bytes, error %v, want %d", length, err, size)
			}
		})
	}
}

// silent throws away what net/http logs of frames that it does not expect, a line each;
// the exporter limits such lines.
func silent(t *testing.T) {
	t.Helper()
	before := log.Writer()
	log.SetOutput(io.Discard)
	t.Cleanup(func() { log.SetOutput(before) })
}

// lengthOf asks a server, and returns how long its answer is.
func lengthOf(t *testing.T, server *httptest.Server, user string) (int64, error) {
	t.Helper()
	client, base, err := load(t, kubeconfig(serverEntry(t, server, false), user)).Client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	return lengthFrom(t, client, base)
}

func lengthFrom(t *testing.T, client *http.Client, base *url.URL) (int64, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // of a limit that is none
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	n, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{response.Body}, make([]byte, 4<<10)) // as much as of a stream
	return n, errors.Join(err, response.Body.Close())
}

// TestAllowanceIsLimited has a server that sends long answers first, to be allowed much
// later.
func TestAllowanceIsLimited(t *testing.T) {
	for _, tt := range []struct {
		more  int64
		times int
		want  int64
	}{{256 << 10, 3, 768 << 10}, {40 << 20, 20, 16 << 20}, {1 << 20, 1000, 16 << 20}} {
		if got := cluster.Allowed(tt.more, tt.times); got != tt.want {
			t.Errorf("%d times %d: %d bytes, want %d", tt.times, tt.more, got, tt.want)
		}
	}
}
