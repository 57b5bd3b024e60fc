package podcount

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// deaf is a transport that ignores contexts. It hangs until it is released.
type deaf struct {
	letGo chan struct{}
	calls atomic.Int32
	next  http.RoundTripper
}

func (d *deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	d.calls.Add(1)
	<-d.letGo
	return d.next.RoundTrip(r)
}

// TestHangingRoundTripIsLeftBehindOnce has a transport that hangs before it asks for
// a connection, like one that reads a token from a pipe.
func TestHangingRoundTripIsLeftBehindOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("", "a"))
		transport := &deaf{letGo: make(chan struct{}), next: script}
		cfg := DefaultConfig()
		cfg.Lane, cfg.PageAttempts = make(chan struct{}, 1), 1
		counter := func() *Counter {
			c, err := New(cfg, &http.Client{Transport: transport}, &url.URL{Scheme: "http", Host: "api"})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		c := counter()
		for i, tt := range []struct {
			name string
			c    *Counter
		}{{"first count", c}, {"second", c}, {"that of a Counter with the same lane", counter()}} {
			began := time.Now()
			failure := script.countFails(tt.c, Unauthorized)
			if took := time.Since(began); took > 2*cfg.PageTimeout+10*time.Second {
				t.Errorf("%s: ended after %s", tt.name, took)
			}
			if !errors.Is(failure, context.DeadlineExceeded) {
				t.Errorf("%s: failed with %v, want its deadline", tt.name, failure)
			}
			if i == 0 && !strings.Contains(failure.Error(), "getting credentials") {
				t.Errorf("%s: failed with %v, which does not say what hung", tt.name, failure)
			}
		}
		if calls := transport.calls.Load(); calls != 1 {
			t.Errorf("the transport was called %d times, want once", calls)
		}
		close(transport.letGo)
		if got := script.count(c); !strings.HasPrefix(got, "a=1 ") {
			t.Errorf("after its end the cluster is counted as %s", got)
		}
	})
}

// TestSwitchedProtocols has a server that switches the connection away from HTTP and
// then sends nothing: the connection is closed, and the page fails at once.
func TestSwitchedProtocols(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := newPipes()
		var closed atomic.Int32
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
						return
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: silence\r\n\r\n")
					if _, err := conn.Read(make([]byte, 1)); err != nil {
						closed.Add(1)
					}
				}()
			}
		}()
		transport := &http.Transport{DialContext: listener.dial}
		c, err := New(DefaultConfig(), &http.Client{Transport: transport}, &url.URL{Scheme: "http", Host: "api"})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = countOnce(t.Context(), c, &recorder{})
		var failure *PageError
		if !errors.As(err, &failure) || failure.Reason != Server || !strings.Contains(failure.Error(), "101") {
			t.Errorf("the count ended with %v, want status 101 as the reason", err)
		}
		if took := time.Since(began); took >= DefaultPageTimeout {
			t.Errorf("that took %s", took)
		}
		synctest.Wait()
		if got := closed.Load(); got != DefaultPageAttempts {
			t.Errorf("%d connections were closed, want %d", got, DefaultPageAttempts)
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
}

// deafBody is the body of a response that ignores its context: only closing the
// connection ends it.
type deafBody struct{ net.Conn }

// TestDeadlineClosesTheConnection has a body like those after status 101.
func TestDeadlineClosesTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		script := newScript(t)
		script.nodes = []step{func(r *http.Request) (*http.Response, error) {
			gotConn(r.Context(), client)
			return answerWith(r, http.StatusOK, deafBody{client}), nil
		}}
		c := script.counter(func(cfg *Config) { cfg.PageAttempts = 1 })
		began := time.Now()
		_ = script.countFails(c, Timeout)
		if took := time.Since(began); took != DefaultPageTimeout {
			t.Errorf("the page ended after %s, want its deadline", took)
		}
		if _, err := server.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the server's side of the connection: %v, want its end", err)
		}
	})
}

// fullGate grants a place only after a while.
type fullGate struct {
	after   time.Duration
	entered []time.Time
	left    []bool
	yields  atomic.Int32
	came    int
}

func (g *fullGate) Enter(ctx context.Context, _ bool, _ func()) (Place, error) {
	g.entered = append(g.entered, time.Now())
	return g, sleep(ctx, g.after)
}

func (g *fullGate) Yield()            { g.yields.Add(1) }
func (g *fullGate) Came()             { g.came++ }
func (g *fullGate) Leave(failed bool) { g.left = append(g.left, failed) }

// late is a step that takes a while to answer, and again to give the body.
func late(before, within time.Duration, s step) step {
	return func(r *http.Request) (*http.Response, error) {
		if err := sleep(r.Context(), before); err != nil {
			return nil, err
		}
		response, err := s(r)
		if err != nil {
			return nil, err
		}
		whole, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		pause := failing(func() error {
			if err := sleep(r.Context(), within); err != nil {
				return err
			}
			return io.EOF
		})
		filled := strings.Repeat(" ", readyBytes) + string(whole) // the place is taken at its first bytes
		response.Body = io.NopCloser(io.MultiReader(strings.NewReader(filled), pause))
		return response, nil
	}
}

// TestPlaceIsYieldedAmidARead has an answer of which nothing comes: its place is yielded
// while the read still waits.
func TestPlaceIsYieldedAmidARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, end, done := &fullGate{}, make(chan struct{}), make(chan struct{})
		slow := &yielding{r: until(end), place: gate, left: slowAnswer}
		go func() {
			defer close(done)
			_, _ = slow.Read(make([]byte, 1))
		}()
		time.Sleep(slowAnswer)
		synctest.Wait()
		if got := gate.yields.Load(); got != 1 {
			t.Errorf("it was yielded %d times amid the read, want once", got)
		}
		close(end)
		<-done
	})
}

// TestAnswersThatCome has parts of an answer come: its place is told once enough of them have.
func TestAnswersThatCome(t *testing.T) {
	for name, tt := range map[string]struct {
		parts []int
		want  int
	}{
		"nearly enough":      {[]int{partBytes - 1}, 0},
		"enough":             {[]int{partBytes}, 1},
		"enough in two":      {[]int{partBytes - 1, 1}, 1},
		"begun anew":         {[]int{partBytes + 1, partBytes - 1}, 1},
		"enough three times": {[]int{partBytes, 2 * partBytes, partBytes}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			gate := &fullGate{}
			y := &yielding{r: strings.NewReader(strings.Repeat(" ", 4*partBytes)), place: gate}
			for _, n := range tt.parts {
				if _, err := y.Read(make([]byte, n)); err != nil {
					t.Fatal(err)
				}
			}
			if gate.came != tt.want {
				t.Errorf("its place was told %d times, want %d", gate.came, tt.want)
			}
		})
	}
}

// TestWaitingForAPlace shows that the wait is not part of a page's deadline, and that
// no place is held before an answer comes.
func TestWaitingForAPlace(t *testing.T) {
	for _, tt := range []struct {
		name           string
		before, within time.Duration // the server takes
		gate           time.Duration // the gate has a place after
		want           Reason
		takes          time.Duration
		yields         bool
	}{
		{"quick", 0, 0, 0, "", 0, false},
		{"late answer", 20 * time.Second, 0, 0, "", 20 * time.Second, false},
		{"late place", 20 * time.Second, 5 * time.Second, 20 * time.Second, "", 45 * time.Second, true},
		{"body beyond the deadline", 20 * time.Second, 11 * time.Second, 20 * time.Second, Timeout, 50 * time.Second, true},
		{"no answer", time.Hour, 0, 0, Timeout, 30 * time.Second, false},
		{"no place", time.Second, 0, time.Hour, Timeout, 31 * time.Second, false},
		{"almost slow", 0, slowAnswer - 1, 0, "", slowAnswer - 1, false},
		{"slow", 0, slowAnswer, 0, "", slowAnswer, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := &fullGate{after: tt.gate}
				script := newScript(t)
				script.nodes = []step{late(tt.before, tt.within, nodePage("", "a"))}
				c := script.counter(func(cfg *Config) { cfg.Gate, cfg.PageAttempts = gate, 1 })
				run := c.take(&recorder{})
				began := time.Now()
				event := c.attempt(t.Context(), run.nodes, run, 1)
				failure := event.Err
				if took := time.Since(began); took != tt.takes {
					t.Errorf("the page took %s, want %s", took, tt.takes)
				}
				entered := len(gate.entered) == 1 && gate.entered[0].Sub(began) == tt.before
				if answers := tt.before < time.Hour; entered != answers {
					t.Errorf("a place was asked for at %v, want when the answer had come", gate.entered)
				}
				switch {
				case tt.want == "" && failure != nil, tt.want != "" && (failure == nil || failure.Reason != tt.want):
					t.Errorf("the page failed with %v, want %q", failure, tt.want)
				case failure == nil && event.Duration != tt.takes-tt.gate:
					t.Errorf("the page is said to have taken %s, want %s", event.Duration, tt.takes-tt.gate)
				}
				if got := gate.yields.Load() > 0; got != tt.yields {
					t.Errorf("the place was yielded: %t, want %t", got, tt.yields)
				}
				if held := tt.gate < time.Hour && tt.before < time.Hour; held != (len(gate.left) == 1) || held && gate.left[0] != (failure != nil) {
					t.Errorf("the place was left with %v, failure %v", gate.left, failure)
				}
			})
		})
	}
}

// busy are nodes that each take this process a while to read.
type busy struct {
	*nodeSet
	each time.Duration
}

func (b busy) content() content {
	rows := b.nodeSet.content()
	rows.item = func(d *decoder) error {
		time.Sleep(b.each)
		return b.item(d)
	}
	return rows
}

// TestBusyAnswersYield has answers that come at once and take this process long: they do
// not hold their place for as long as they can.
func TestBusyAnswersYield(t *testing.T) {
	for each, yields := range map[time.Duration]bool{0: false, longAnswer/2 - 1: false, longAnswer/2 + 1: true} {
		t.Run(each.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := &fullGate{}
				script := newScript(t)
				script.nodes = []step{nodePage("", "a", "b")}
				c := script.counter(func(cfg *Config) { cfg.Gate = gate })
				run := c.take(&recorder{})
				run.nodes.target = busy{run.known, each}
				if event := c.attempt(t.Context(), run.nodes, run, 1); event.Err != nil || event.Rows != 2 {
					t.Errorf("%d rows, %v", event.Rows, event.Err)
				}
				time.Sleep(time.Minute)
				if got := gate.yields.Load() > 0; got != yields {
					t.Errorf("the place was yielded: %t, want %t", got, yields)
				}
			})
		})
	}
}

// TestRefusedCredentials shows that they are tried once more, and not as often as
// after other failures.
func TestRefusedCredentials(t *testing.T) {
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		synctest.Test(t, func(t *testing.T) {
			script := newScript(t, repeat(10, status(code, ""))...)
			failure := script.countFails(script.counter(nil), classifyStatus(code))
			if failure.Attempt != maxRefusals {
				t.Errorf("%d: the count ended at attempt %d, want %d", code, failure.Attempt, maxRefusals)
			}
			script.expect("nodes", "pods", "pods")
		})
	}
}

// TestClosedAsItEnds has an exchange close at the very moment at which it ends, before
// its hook has run: the connection is closed all the same.
func TestClosedAsItEnds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		stays  func(error) bool
		cause  error
		closed bool
	}{
		{"a removed cluster's stream", forOthers, context.Canceled, true},
		{"a removed cluster's page", nil, context.Canceled, true},
		{"a silent stream", forOthers, errSilent, true},
		{"a stream that is replaced", forOthers, errReplaced, false},
		{"a stream that outlives its time", forOthers, errOverdue, false},
		{"a stream before a new start", forOthers, &restartError{EndDrift, errDrift}, false},
		{"a page before a new start", nil, &restartError{EndDrift, errDrift}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := newExchange(t.Context(), time.Minute, make(chan struct{}, 1), tt.stays)
			conn, other := net.Pipe()
			defer func() { _ = other.Close() }()
			x.unhook()
			x.unhook = func() bool { return true } // as in time
			x.conn.Store(&conn)
			x.end(tt.cause)
			x.close()
			_ = conn.SetReadDeadline(time.Unix(1, 0))
			_, err := conn.Read(make([]byte, 1))
			if closed := errors.Is(err, io.ErrClosedPipe); closed != tt.closed {
				t.Errorf("the connection is closed: %t (%v), want %t", closed, err, tt.closed)
			}
		})
	}
}

// TestUnusedHeadersAreDropped has an answer with thousands of headers, which would be kept
// while it waits for its place.
func TestUnusedHeadersAreDropped(t *testing.T) {
	want := http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}, "Retry-After": {"3"}, "Location": {"/elsewhere"}}
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		answer := answerWith(r, http.StatusOK, http.NoBody)
		answer.Header = want.Clone()
		for i := range 5000 {
			answer.Header.Set(fmt.Sprintf("X-%d", i), "")
		}
		return answer, nil
	})}
	x := newExchange(t.Context(), time.Minute, make(chan struct{}, 1), nil)
	defer x.close()
	response, failure := x.open(client, "http://api.invalid", &podForms()[0])
	if failure != nil {
		t.Fatal(failure)
	}
	if !maps.EqualFunc(response.Header, want, slices.Equal) {
		t.Errorf("%d headers are kept, want %v", len(response.Header), want)
	}
}
