package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// h2Client is a client of one connection. It reads only when it is told to.
type h2Client struct {
	t      *testing.T
	conn   net.Conn
	framer *http2.Framer
	fields bytes.Buffer
	hpack  *hpack.Encoder
}

// connectH2 serves handler over TLS. It must be called within a bubble.
func connectH2(t *testing.T, handler http.HandlerFunc) *h2Client {
	t.Helper()
	return connectH2To(t, limitedServer(t.Context(), handler), 1<<31-1)
}

// connectH2To connects to a server with windows of this size for each stream.
func connectH2To(t *testing.T, server *http.Server, window uint32) *h2Client {
	t.Helper()
	pair, _, err := kubesim.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	// A ticket is sent after the handshake, and has to be read.
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, SessionTicketsDisabled: true, MinVersion: tls.VersionTLS13}
	serve := func(s *http.Server, l net.Listener) error { return s.ServeTLS(l, "", "") }
	config := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS13} //nolint:gosec // the test's own server
	conn := tls.Client(connectTo(t, server, serve), config)
	if err := conn.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := &h2Client{t: t, conn: conn, framer: http2.NewFramer(conn, conn)}
	c.hpack = hpack.NewEncoder(&c.fields)
	_, err = io.WriteString(conn, http2.ClientPreface)
	c.must(err)
	c.must(c.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}))
	c.must(c.framer.WriteWindowUpdate(0, 1<<30))
	return c
}

func (c *h2Client) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// ask begins a stream.
func (c *h2Client) ask(stream uint32, path string) {
	c.t.Helper()
	c.fields.Reset()
	for _, f := range []hpack.HeaderField{
		{Name: ":method", Value: http.MethodGet}, {Name: ":scheme", Value: "https"},
		{Name: ":authority", Value: "exporter"}, {Name: ":path", Value: path},
	} {
		c.must(c.hpack.WriteField(f))
	}
	c.must(c.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: c.fields.Bytes(), EndStream: true, EndHeaders: true,
	}))
}

// answered reads until a stream ends, and returns the size of its body.
func (c *h2Client) answered(stream uint32) (size int) {
	c.t.Helper()
	for {
		frame, err := c.framer.ReadFrame()
		c.must(err)
		switch f := frame.(type) {
		case *http2.RSTStreamFrame:
			c.t.Fatalf("stream %d was reset: %s", f.StreamID, f.ErrCode)
		case *http2.HeadersFrame:
			if f.StreamID == stream && f.StreamEnded() {
				return size
			}
		case *http2.DataFrame:
			if f.StreamID == stream {
				size += len(f.Data())
				if f.StreamEnded() {
					return size
				}
			}
		}
	}
}

// A client of HTTP/2 that does not read lets no stream be reset. Its connection ends, with
// all answers on it, also if the client takes its requests back and makes new ones.
func TestHTTP2ClientsThatDoNotReadAreCutOff(t *testing.T) {
	for _, tt := range []struct {
		name     string
		takeBack bool
	}{{"that wait", false}, {"that take a request back", true}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const answers = 2
				ended := make(chan error, answers+1)
				began := time.Now()
				c := connectH2(t, func(w http.ResponseWriter, _ *http.Request) {
					_, err := w.Write(make([]byte, 1<<20))
					ended <- err
				})
				want := answers
				if tt.takeBack {
					want++
					c.ask(1, "/")
					time.Sleep(sendTimeout / 3)
					c.must(c.framer.WriteRSTStream(1, http2.ErrCodeCancel))
					time.Sleep(sendTimeout / 3)
				}
				for i := range uint32(answers) {
					c.ask(2*i+3, "/")
				}
				for i := range want {
					select {
					case err := <-ended:
						if err == nil {
							t.Error("a client that does not read got its answer")
						}
					case <-time.After(time.Hour):
						t.Fatalf("%d of %d answers ended", i, want)
					}
				}
				const goodbye = 5 * time.Second // crypto/tls tries that long to say that it closes
				if took := time.Since(began); took > sendTimeout+goodbye {
					t.Errorf("the answers ended after %s, want %s", took, sendTimeout+goodbye)
				}
			})
		})
	}
}

// What limits clients that do not read or send cuts off none that does, however long its
// scrapes wait and its connection lives.
func TestHTTP2ConnectionsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connectH2(t, func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(3 * sendTimeout):
			case <-r.Context().Done():
				t.Error("a scrape that waits was cut off:", context.Cause(r.Context()))
			}
			_, _ = w.Write(make([]byte, 5000))
		})
		for i := range uint32(3) {
			c.ask(2*i+1, "/")
			if size := c.answered(2*i + 1); size != 5000 {
				t.Errorf("an answer of %d bytes, want 5000", size)
			}
			time.Sleep(3 * sendTimeout)
		}
	})
}

// Who is refused and has no room for the refusal holds no stream.
func TestRefusedHTTP2StreamsEnd(t *testing.T) {
	for _, path := range []string{"/metrics", pprofPrefix + "profile"} {
		t.Run(path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := connectH2To(t, refusing(t), 0)
				began := time.Now()
				c.must(c.conn.SetDeadline(began.Add(time.Hour)))
				const streams = 100
				for i := range uint32(streams) {
					c.ask(2*i+1, path)
				}
				for reset := 0; reset < streams; {
					frame, err := c.framer.ReadFrame()
					if err != nil {
						t.Fatalf("%d of %d streams ended: %v", reset, streams, err)
					}
					if frame.Header().Type == http2.FrameRSTStream {
						reset++
					}
				}
				if took := time.Since(began); took > sendTimeout+time.Second {
					t.Errorf("the streams ended after %s, want %s", took, sendTimeout)
				}
			})
		})
	}
}
