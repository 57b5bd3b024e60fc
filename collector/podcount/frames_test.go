package podcount

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"

	"golang.org/x/net/http2"
)

// framed is an answer of an HTTP/2 server, to be sent in other frames than its own.
type framed struct {
	*http2.Framer
	stream      uint32
	block, data []byte
}

var errHungUp = errors.New("the connection is closed")

func (a *framed) headers(end bool) error {
	return a.WriteHeaders(http2.HeadersFrameParam{StreamID: a.stream, BlockFragment: a.block, EndHeaders: true, EndStream: end})
}

// begin sends the headers, and the data as far as it is given.
func (a *framed) begin(data []byte) error {
	return errors.Join(a.headers(false), a.WriteData(a.stream, false, data))
}

// extra sends headers that have no status, or another, in a literal that leaves the
// compression of those that follow alone.
func (a *framed) extra(end bool, name, value string) error {
	block := append([]byte{0, byte(len(name))}, name...)
	block = append(append(block, byte(len(value))), value...)
	return a.WriteHeaders(http2.HeadersFrameParam{StreamID: a.stream, BlockFragment: block, EndHeaders: true, EndStream: end})
}

func (a *framed) half() []byte { return a.data[:len(a.data)/2] }

// unchanged sends the answer as it is.
func (a *framed) unchanged() error {
	return errors.Join(a.headers(false), a.WriteData(a.stream, true, a.data))
}

// wholes are ways to send an answer that a server may use.
func wholes() map[string]func(a *framed) error {
	return map[string]func(a *framed) error{
		"as it is": (*framed).unchanged,
		"byte by byte": func(a *framed) error {
			err := a.headers(false)
			for i := range a.data {
				err = errors.Join(err, a.WriteData(a.stream, false, a.data[i:i+1]), a.WriteData(a.stream, false, nil))
			}
			return errors.Join(err, a.WriteData(a.stream, true, nil))
		},
		"padded": func(a *framed) error {
			return errors.Join(a.headers(false), a.WriteDataPadded(a.stream, true, a.data, make([]byte, 200)))
		},
		"with trailers": func(a *framed) error { return errors.Join(a.begin(a.data), a.extra(true, "x-trailer", "1")) },
		"after an informational one": func(a *framed) error {
			return errors.Join(a.extra(false, ":status", "103"), a.unchanged())
		},
		"headers in two frames": func(a *framed) error {
			return errors.Join(
				a.WriteHeaders(http2.HeadersFrameParam{StreamID: a.stream, BlockFragment: a.block[:1]}),
				a.WriteContinuation(a.stream, true, a.block[1:]), a.WriteData(a.stream, true, a.data))
		},
		"pings and settings between": func(a *framed) error {
			return errors.Join(a.begin(a.half()), a.WritePing(false, [8]byte{1}), a.WriteSettings(),
				a.WriteWindowUpdate(a.stream, 1), a.WriteData(a.stream, true, a.data[len(a.half()):]))
		},
		"going away before": func(a *framed) error {
			return errors.Join(a.WriteGoAway(a.stream, http2.ErrCodeNo, nil), a.unchanged())
		},
		"going away after": func(a *framed) error {
			return errors.Join(a.unchanged(), a.WriteGoAway(a.stream, http2.ErrCodeNo, nil))
		},
	}
}

// brokens are ways to send an answer that cannot be taken.
func brokens() map[string]func(a *framed) error {
	reset := func(code http2.ErrCode, data func(a *framed) []byte) func(a *framed) error {
		return func(a *framed) error { return errors.Join(a.begin(data(a)), a.WriteRSTStream(a.stream, code)) }
	}
	all := func(a *framed) []byte { return a.data }
	ways := map[string]func(a *framed) error{
		"going away amid": func(a *framed) error {
			return errors.Join(a.begin(a.half()), a.WriteGoAway(a.stream, http2.ErrCodeNo, nil), errHungUp)
		},
		"going away instead": func(a *framed) error {
			return errors.Join(a.WriteGoAway(a.stream-1, http2.ErrCodeNo, nil), errHungUp)
		},
		"going away in anger": func(a *framed) error {
			return errors.Join(a.WriteGoAway(a.stream-1, http2.ErrCodeEnhanceYourCalm, []byte("too_many_pings")), errHungUp)
		},
		"refused":                  func(a *framed) error { return a.WriteRSTStream(a.stream, http2.ErrCodeRefusedStream) },
		"reset, without an error":  reset(http2.ErrCodeNo, (*framed).half),
		"reset, by an error":       reset(http2.ErrCodeInternal, (*framed).half),
		"reset at its end":         reset(http2.ErrCodeNo, all),
		"reset at its end, by one": reset(http2.ErrCodeCancel, all),
		"half of it":               func(a *framed) error { return errors.Join(a.headers(false), a.WriteData(a.stream, true, a.half())) },
		"twice": func(a *framed) error {
			return errors.Join(a.begin(a.data), a.WriteData(a.stream, true, a.data))
		},
		"headers twice":      func(a *framed) error { return errors.Join(a.begin(a.half()), a.extra(false, ":status", "200")) },
		"headers only":       func(a *framed) error { return a.headers(true) },
		"without its end":    func(a *framed) error { return a.begin(a.data) },
		"no answer":          func(*framed) error { return nil },
		"no connection":      func(*framed) error { return errHungUp },
		"of another stream":  func(a *framed) error { a.stream += 2; return a.unchanged() },
		"of the last stream": func(a *framed) error { a.stream = max(1, a.stream-2); return a.unchanged() },
		"a window of nothing": func(a *framed) error {
			return errors.Join(a.begin(a.half()), a.WriteRawFrame(http2.FrameWindowUpdate, 0, a.stream, make([]byte, 4)))
		},
		"a push": func(a *framed) error {
			return errors.Join(a.WritePushPromise(http2.PushPromiseParam{StreamID: a.stream, PromiseID: 2, BlockFragment: a.block, EndHeaders: true}), a.unchanged())
		},
		"what is no frame": func(a *framed) error {
			return errors.Join(a.begin(a.half()), a.WriteRawFrame(http2.FramePing, 0, 0, []byte("short")))
		},
	}
	for _, status := range []string{"103", "200"} {
		ways["no more than status "+status] = func(a *framed) error { return a.extra(false, ":status", status) }
	}
	return ways
}

// reframer is a proxy that sends some answers in other ways.
type reframer struct {
	mu     sync.Mutex
	answer int // the number of the next
	way    func(a *framed) error
	from   int // the first answer that is sent that way
	to     int // the first after them
}

// next is how the next answer is sent.
func (p *reframer) next() func(a *framed) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer++
	if n := p.answer - 1; n >= p.from && n < p.to {
		return p.way
	}
	return (*framed).unchanged
}

func (p *reframer) proxy(client, server net.Conn) {
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	defer func() { _ = client.Close() }()
	var raw bytes.Buffer
	in, out := http2.NewFramer(nil, io.TeeReader(server, &raw)), http2.NewFramer(client, nil)
	out.AllowIllegalWrites = true
	answer := framed{Framer: out}
	for ; ; raw.Reset() {
		frame, err := in.ReadFrame()
		if err != nil {
			return
		}
		ended := false
		switch f := frame.(type) {
		case *http2.HeadersFrame:
			answer.stream, answer.block, answer.data = f.StreamID, bytes.Clone(f.HeaderBlockFragment()), nil
			ended = f.StreamEnded()
		case *http2.DataFrame:
			answer.data = append(answer.data, f.Data()...)
			ended = f.StreamEnded()
		default:
			_, err = client.Write(raw.Bytes())
		}
		if ended {
			whole := answer
			err = p.next()(&whole)
		}
		if err != nil {
			return
		}
	}
}

// reframed serves the cluster counted by hand over HTTP/2, through a proxy.
func reframed(t *testing.T, p *reframer) *Counter {
	t.Helper()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	listener := newPipes()
	server := &http.Server{Protocols: &protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.URL.Path
		if token := r.URL.Query().Get("continue"); token != "" {
			key += "?" + token
		}
		w.Header().Set("Content-Type", "application/json")
		_ = http.NewResponseController(w).Flush() // no Content-Length: the body has to show that it is whole
		_, _ = io.WriteString(w, handCounted[key])
	})}
	done := make(chan error)
	go func() { done <- server.Serve(listener) }()
	transport := &http.Transport{Protocols: &protocols, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		upstream, err := listener.dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		client, inner := net.Pipe()
		go p.proxy(inner, upstream)
		return client, nil
	}}
	c, err := New(DefaultConfig(), &http.Client{Transport: transport}, &url.URL{Scheme: "http", Host: "api"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	})
	return c
}

// TestFramesOfHTTP2 has one answer of a count sent in each of these ways, or every answer
// from one on. A count that ends without an error is the right one; one that was disturbed
// once always is. Once the server is well again, the next count is right.
func TestFramesOfHTTP2(t *testing.T) {
	const answers, forever = 4, 1 << 30 // of a count
	run := func(name string, way func(a *framed) error, from, times int, counted bool) {
		t.Run(fmt.Sprintf("%s, from %d, %d times", name, from, times), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &reframer{way: way, from: from, to: from + times}
				c := reframed(t, p)
				snapshot, err := countOnce(t.Context(), c, &recorder{})
				if counted != (err == nil) || counted && byHand(snapshot) != handCount {
					t.Errorf("count: %v, %s", err, byHand(snapshot))
				}
				p.mu.Lock()
				p.to = 0
				p.mu.Unlock()
				if snapshot, err = countOnce(t.Context(), c, &recorder{}); err != nil || byHand(snapshot) != handCount {
					t.Errorf("once it is well: %v, %s", err, byHand(snapshot))
				}
			})
		})
	}
	for from := range answers {
		for name, way := range wholes() {
			run(name, way, from, forever, true)
		}
		for name, way := range brokens() {
			run(name, way, from, 1, true)
			run(name, way, from, forever, false)
		}
	}
}
