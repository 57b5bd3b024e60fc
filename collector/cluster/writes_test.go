package cluster_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// TestAnsweredFramesArePaidForByNoBody has servers that send a body without end, and as many
// frames beside it as may carry one, each of which net/http answers with a write.
func TestAnsweredFramesArePaidForByNoBody(t *testing.T) {
	kinds := map[string]func(f *frames) error{
		"pings":    func(f *frames) error { return f.WritePing(false, [8]byte{}) },
		"settings": func(f *frames) error { return f.WriteSettings() },
	}
	clients := map[string]func(cluster.Cluster) (*http.Client, *url.URL, error){
		"a list": cluster.Cluster.Client, "a stream": cluster.Cluster.StreamClient,
	}
	for name, write := range kinds {
		for of, clientOf := range clients {
			t.Run(name+" in "+of, func(t *testing.T) {
				server, sent := framesServer(t, paid(write))
				client, base, err := clientOf(load(t, kubeconfig(serverEntry(t, server, false), "token: secret")))
				if err != nil {
					t.Fatal(err)
				}
				_, err = lengthFrom(t, client, base)
				client.CloseIdleConnections()
				server.Close()
				t.Logf("%d bytes sent, the request ended with %v", sent.Load(), err)
				if err == nil || !strings.Contains(err.Error(), "the server sent more pings, or more settings") {
					t.Errorf("the request ended with %v", err)
				}
				if most := int64(8 << 20); sent.Load() > most { // with what the kernel keeps
					t.Errorf("%d bytes were sent, want less than %d", sent.Load(), most)
				}
			})
		}
	}
}

// paid sends frames for less than maxEnvelope for each byte of a body: TLS adds 22 to each.
func paid(write func(f *frames) error) func(f *frames) error {
	blanks := bytes.Repeat([]byte(" "), 500)
	return func(f *frames) error {
		err := f.headers("200", false)
		for err == nil {
			err = f.WriteData(f.stream, false, blanks)
			for i := 0; i < 400 && err == nil; i++ {
				err = write(f)
			}
		}
		return err
	}
}

// TestLimitsOfConnectionsEndACount has servers that exceed what a connection may have. Each
// further attempt would cost a handshake and as much again, so there is none.
func TestLimitsOfConnectionsEndACount(t *testing.T) {
	flood := func(f *frames) error {
		for {
			if err := f.WriteRawFrame(0xfb, 0, 0, make([]byte, 100)); err != nil {
				return err
			}
		}
	}
	for name, serve := range map[string]func(t *testing.T) *httptest.Server{
		"writes": func(t *testing.T) *httptest.Server {
			server, _ := framesServer(t, paid(func(f *frames) error { return f.WriteSettings() }))
			return server
		},
		"bytes":        func(t *testing.T) *httptest.Server { server, _ := framesServer(t, flood); return server },
		"certificates": func(t *testing.T) *httptest.Server { return serverWith(t, certificateWith(t, uris(60))) },
		"a handshake":  func(t *testing.T) *httptest.Server { return serverWith(t, certificateWith(t, padding(50<<10))) },
	} {
		t.Run(name, func(t *testing.T) {
			silent(t)
			server := serve(t)
			client, base, err := load(t, kubeconfig(serverEntry(t, server, false), "token: secret")).Client()
			if err != nil {
				t.Fatal(err)
			}
			counter, err := podcount.New(podcount.DefaultConfig(), client, base)
			if err != nil {
				t.Fatal(err)
			}
			attempts := 0
			err = counter.Count(t.Context(), pageLog{page: func(podcount.Page) { attempts++ }}, func(*podcount.Snapshot) {})
			if attempts != 1 || err == nil {
				t.Errorf("%d attempts, the count ended with %v; want one that fails", attempts, err)
			}
		})
	}
}

// serverWith answers nothing, with this certificate.
func serverWith(t *testing.T, certificate tls.Certificate) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// TestWindowsOfLongAnswers has net/http tell a server some thousand times that more of an
// answer may come: it sends faster than it is read.
func TestWindowsOfLongAnswers(t *testing.T) {
	const size = 20 << 20
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range size / (32 << 10) {
			_, _ = w.Write(make([]byte, 32<<10))
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	if length, err := lengthOf(t, server, "token: secret"); err != nil || length != size {
		t.Errorf("%d bytes, error %v, want %d", length, err, size)
	}
}

// TestManyRequestsOfOneConnection has each earn what it takes.
func TestManyRequestsOfOneConnection(t *testing.T) {
	server, connections := countingServer(t)
	client, base, err := load(t, kubeconfig(serverEntry(t, server, false), "token: secret")).Client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	for range 1000 {
		if _, err := lengthFrom(t, client, base); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// nowhere takes all that is written to it.
type nowhere struct{ net.Conn }

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Close() error                { return nil }
func (nowhere) Read([]byte) (int, error)    { return 0, io.EOF }

// TestPingsOfProxies has the time of a connection allow pings.
func TestPingsOfProxies(t *testing.T) {
	for _, tt := range []struct {
		name  string
		every time.Duration
		ends  bool
	}{{"one each second", time.Second, false}, {"ten each second", time.Second / 10, true}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, _ := cluster.Connected(nowhere{}, nil)
				var err error
				for began := time.Now(); err == nil && time.Since(began) < 10*time.Minute; {
					time.Sleep(tt.every)
					_, err = conn.Write([]byte("x"))
				}
				if (err != nil) != tt.ends {
					t.Fatalf("a write ended with %v", err)
				}
				if _, got := conn.Read(make([]byte, 1)); tt.ends && !errors.Is(got, err) {
					t.Errorf("a read ends with %v, want %v", got, err)
				}
			})
		})
	}
}

// TestWritesThatBodiesAllow has bodies come byte by byte, over a connection that may write no
// more. net/http takes two writes for each 4 KiB.
func TestWritesThatBodiesAllow(t *testing.T) {
	for _, tt := range []struct{ bytes, want int }{{0, 0}, {1000, 0}, {100 << 10, 100}, {2 << 20, 256}} {
		synctest.Test(t, func(t *testing.T) { // in no time
			text := io.NopCloser(iotest.OneByteReader(strings.NewReader(strings.Repeat("x", tt.bytes+100<<10))))
			conn, body := cluster.Connected(nowhere{}, text)
			for range 256 {
				if _, err := conn.Write(nil); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := io.CopyN(io.Discard, body, int64(tt.bytes)); err != nil {
				t.Fatal(err)
			}
			got := 0
			for ; got < 1000; got++ {
				if _, err := conn.Write(nil); err != nil {
					break
				}
			}
			if got != tt.want {
				t.Errorf("%d bytes allow %d writes, want %d", tt.bytes, got, tt.want)
			}
			if _, err := io.Copy(io.Discard, body); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
				t.Errorf("what was read before has the connection read on: %v", err)
			}
		})
	}
}
