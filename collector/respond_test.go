package collector

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// deaf is a client that does not read until it is told to.
type deaf struct {
	*httptest.ResponseRecorder
	reads chan struct{}
}

func (d deaf) Write(p []byte) (int, error) {
	<-d.reads
	return d.ResponseRecorder.Write(p)
}

func request(ctx context.Context, target string) *http.Request {
	return httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil)
}

// TestMaxRequests has as many clients as are allowed block their answers.
func TestMaxRequests(t *testing.T) {
	tests := []struct {
		name   string
		limit  int
		target string
		status int
		waits  time.Duration
	}{
		{"a scrape", 3, "/metrics", 503, slotWait},
		{"the API", 3, "/api/v1/clusters", 503, slotWait},
		{"nodes", 3, "/api/v1/nodes?cluster=one", 503, slotWait},
		{"the discovery", 3, "/sd", 503, slotWait},
		{"what is refused anyway", 3, "/metrics?cluster=none", 400, 0},
		{"without a limit", 0, "/metrics", 200, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				opts := steady()
				opts.MaxRequests = tt.limit
				e := empty(t, opts)
				e.Store.Set(store.Target{Name: "one", Counter: &scripted{}})
				mux := http.NewServeMux()
				mux.Handle("/metrics", e.handler)
				mux.Handle("/sd", e.Discovery("/metrics"))
				mux.Handle("/api/", e.API())
				reads := make(chan struct{})
				var clients sync.WaitGroup
				for range 3 {
					clients.Go(func() { mux.ServeHTTP(deaf{httptest.NewRecorder(), reads}, request(t.Context(), "/metrics")) })
				}
				synctest.Wait()
				began := time.Now()
				answer := httptest.NewRecorder()
				mux.ServeHTTP(answer, request(t.Context(), tt.target))
				if took := time.Since(began); answer.Code != tt.status || took != tt.waits {
					t.Errorf("status %d after %s, want %d after %s", answer.Code, took, tt.status, tt.waits)
				}
				if tt.status == http.StatusServiceUnavailable && !strings.Contains(answer.Body.String(), "--web.max-requests") {
					t.Errorf("the answer does not say why: %s", answer.Body)
				}
				close(reads)
				clients.Wait()
				if e.scrape("10"); len(e.responder.slots) != 0 || len(e.responder.encoders) != encoders {
					t.Error("slots are held after the answers")
				}
			})
		})
	}
}

// TestLargeAnswers has clients that do not read answers of some MB, as many as there is
// room for, and more that do. These are refused unless one has read within a second; while
// they wait, they take no memory.
func TestLargeAnswers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const size, more = 5 << 20, 20
		random := make([]byte, sendingBytes+size)
		_, _ = rand.NewChaCha8([32]byte{1}).Read(random) // it never fails, and nothing makes it smaller
		r := newResponder(40)
		zipped := request(t.Context(), "/metrics")
		zipped.Header.Set("Accept-Encoding", "gzip")
		respond := func(w http.ResponseWriter, size int) (time.Duration, error) {
			began := time.Now()
			_, _, err := r.respond(w, zipped, nil, func(w http.ResponseWriter) { _, _ = w.Write(random[:size]) })
			return time.Since(began), err
		}
		first, others := make(chan struct{}), make(chan struct{})
		var clients, waiting sync.WaitGroup
		for i := range sendingBytes / size {
			reads := others
			if i == 0 {
				reads = first
			}
			clients.Go(func() { _, _ = respond(deaf{httptest.NewRecorder(), reads}, size) })
		}
		synctest.Wait()
		before := inUse()
		for range more {
			waiting.Go(func() {
				if waited, err := respond(httptest.NewRecorder(), size); !errors.Is(err, errLarge) || waited != slotWait {
					t.Errorf("one more: %v after %s, want %v after %s", err, waited, errLarge, slotWait)
				}
			})
		}
		synctest.Wait()
		if got := inUse() - before; got > more*size/2 {
			t.Errorf("%d answers of %d bytes take %d while they wait", more, size, got)
		}
		waiting.Wait()
		time.AfterFunc(slotWait/2, func() { close(first) })
		whole := httptest.NewRecorder()
		if waited, err := respond(whole, size); err != nil || waited != slotWait/2 || whole.Body.Len() < size {
			t.Errorf("until one has read: %v after %s, %d bytes", err, waited, whole.Body.Len())
		}
		close(others)
		clients.Wait()
		if _, err := respond(httptest.NewRecorder(), sendingBytes+size); err != nil {
			t.Errorf("an answer that is larger than the room: %v", err)
		}
		if !r.sending.TryAcquire(sendingBytes) {
			t.Error("there is less room than before")
		}
	})
}

// TestAnswersGrowWhileTheyWait has two answers wait for room among those that are sent. Room
// for the first one comes. Made again, it is some bytes longer, as an exposition is.
func TestAnswersGrowWhileTheyWait(t *testing.T) {
	bubble(t, func(t *testing.T) {
		random := make([]byte, 2<<20)
		_, _ = rand.NewChaCha8([32]byte{1}).Read(random) // it never fails, and nothing makes it smaller
		r := newResponder(40)
		if !r.sending.TryAcquire(sendingBytes) {
			t.Fatal("there is no room at the start")
		}
		results, reads := make([]error, 2), make(chan struct{})
		var clients sync.WaitGroup
		for i, size := range []int{500 << 10, 1 << 20} {
			clients.Go(func() {
				_, _, results[i] = r.respond(deaf{httptest.NewRecorder(), reads}, request(t.Context(), "/metrics"), nil, func(w http.ResponseWriter) {
					_, _ = w.Write(random[:size])
					size += 10
				})
			})
			synctest.Wait()
		}
		r.sending.Release(600 << 10)
		time.Sleep(2 * slotWait) // until the second one has given up
		if left := int64(90 << 10); !r.sending.TryAcquire(left) {
			t.Error("while the client reads, the answer keeps more room than it takes")
		} else {
			r.sending.Release(left)
		}
		close(reads)
		clients.Wait()
		if results[0] != nil || !errors.Is(results[1], errLarge) {
			t.Errorf("errors %v, want the first answer sent and the second one refused", results)
		}
		r.sending.Release(sendingBytes - 600<<10)
		if !r.sending.TryAcquire(sendingBytes) {
			t.Error("there is less room than before")
		}
	})
}

// inUse is the memory of everything that is not garbage.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestAnswerGrowsWhileItWaits has a small answer wait for room, and be a large one when
// there is some: it is refused unless there is room for all of it.
func TestAnswerGrowsWhileItWaits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		frees int64
		want  error
	}{{"enough room", 200_000, nil}, {"room for what it was", 100_000, errLarge}} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newResponder(0)
				random := make([]byte, 150_000)
				_, _ = rand.NewChaCha8([32]byte{1}).Read(random)
				_ = r.sending.TryAcquire(sendingBytes) // there is as much
				time.AfterFunc(slotWait/2, func() { r.sending.Release(tt.frees) })
				size := len(random) / 2
				_, _, err := r.respond(httptest.NewRecorder(), request(t.Context(), "/metrics"), nil, func(w http.ResponseWriter) {
					_, _ = w.Write(random[:size])
					size = len(random)
				})
				if !errors.Is(err, tt.want) {
					t.Errorf("%v, want %v", err, tt.want)
				}
				if free := r.sending.TryAcquire(tt.frees); !free || r.sending.TryAcquire(1) {
					t.Errorf("the room is not what it was")
				}
			})
		})
	}
}

// Scrapes that wait for a count hold no slot, and those that end their wait at the
// same moment wait for each other instead of being refused.
func TestWaitingHoldsNoSlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		opts := steady()
		opts.MaxRequests = 1
		e := empty(t, opts)
		e.Store.Set(store.Target{Name: "one", Counter: &scripted{}}, store.Target{Name: "slow", Counter: &scripted{takes: 5 * time.Second}})
		var scrapes sync.WaitGroup
		for range 100 {
			scrapes.Go(func() {
				if got := len(series(e.scrape("10"), "node_active_pods")); got != 2 {
					t.Errorf("%d nodes, want 2", got)
				}
			})
		}
		synctest.Wait()
		if status, _ := e.ask(http.MethodGet, "/api/v1/nodes?cluster=one"); status != http.StatusOK {
			t.Errorf("status %d while scrapes wait for a count", status)
		}
		scrapes.Wait()
	})
}

// slowly is a slow Gatherer of process metrics.
type slowly time.Duration

func (s slowly) Gather() ([]*dto.MetricFamily, error) {
	time.Sleep(time.Duration(s))
	return nil, nil
}

// TestEncodingIsReserved has slow encoding beside a cluster that never answers: the
// first scrape cannot know, the next ones answer in time.
func TestEncodingIsReserved(t *testing.T) {
	const takes = 1500 * time.Millisecond
	tests := []struct {
		name    string
		timeout string
		want    time.Duration // of the second scrape
	}{
		{"as long as before", "3", 3*time.Second - DefaultTimeoutOffset},
		{"never without waiting", "1", 50*time.Millisecond + takes},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e := scriptedExporter(t, &scripted{takes: 24 * time.Hour})
				e.handler = e.Handler(slowly(takes))
				began := time.Now()
				e.scrape("0.6") // is in vain for no time that matters below
				if took := time.Since(began); took != 100*time.Millisecond+takes {
					t.Errorf("the first scrape took %s", took)
				}
				began = time.Now()
				e.scrape(tt.timeout)
				if took := time.Since(began); took != tt.want {
					t.Errorf("the second scrape took %s, want %s", took, tt.want)
				}
			})
		})
	}
}

// TestWaitForTheEncoderIsReserved has two scrapes encoded one after the other: the next one
// keeps back the time to encode, and as much for the one before.
func TestWaitForTheEncoderIsReserved(t *testing.T) {
	const takes = 500 * time.Millisecond
	bubble(t, func(t *testing.T) {
		e := scriptedExporter(t, &scripted{takes: 24 * time.Hour})
		e.handler = e.Handler(slowly(takes))
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { e.scrape("0.6") })
		}
		both.Wait()
		began := time.Now()
		e.scrape("3")
		if took, want := time.Since(began), 3*time.Second-DefaultTimeoutOffset-takes; took != want {
			t.Errorf("the scrape took %s, want %s", took, want)
		}
	})
}

// later is a Counter whose count takes a while, and has many nodes.
type later struct {
	takes time.Duration
	nodes int
}

func (l later) Count(ctx context.Context, _ podcount.Observer, publish func(*podcount.Snapshot)) error {
	select {
	case <-time.After(l.takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	nodes := make([]podcount.Node, l.nodes)
	for i := range nodes {
		nodes[i].Name = fmt.Sprint("node-", i)
	}
	publish(&podcount.Snapshot{Nodes: nodes, Started: time.Now().Add(-l.takes), Time: time.Now(), Pages: 1})
	return nil
}

// TestFirstScrapeReserves has a large cluster counted for the first time while a scrape
// waits for one that never answers: what has to be encoded then is kept back as well.
func TestFirstScrapeReserves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := scriptedExporter(t, &scripted{takes: 24 * time.Hour})
		e.Store.Set(
			store.Target{Name: "large", Counter: later{time.Second, 150_000}},
			store.Target{Name: "dead", Counter: &scripted{takes: 24 * time.Hour}},
		)
		began := time.Now()
		e.scrape("3")
		want := 3*time.Second - DefaultTimeoutOffset - presumed*(2*150_000+2*seriesPerCluster-fewSeries)
		if took := time.Since(began); took != want {
			t.Errorf("the scrape took %s, want %s", took, want)
		}
	})
}

// A client that does not read must not take the time from the others.
func TestReservedIsNotWhatAClientTakes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := scriptedExporter(t, &scripted{takes: 24 * time.Hour})
		reads := make(chan struct{})
		time.AfterFunc(time.Minute, func() { close(reads) })
		slow := request(t.Context(), "/metrics")
		slow.Header.Set(timeoutHeader, "0.6")
		e.handler.ServeHTTP(deaf{httptest.NewRecorder(), reads}, slow)
		began := time.Now()
		e.scrape("3")
		if took := time.Since(began); took != 3*time.Second-DefaultTimeoutOffset {
			t.Errorf("a scrape waited %s", took)
		}
	})
}

// TestLargeScrapeKeepsItsReserve has thirty scrapes of one cluster between two of all.
func TestLargeScrapeKeepsItsReserve(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := scriptedExporter(t, &scripted{takes: 24 * time.Hour})
		e.Store.Set(
			store.Target{Name: "large", Counter: later{time.Millisecond, fewSeries}},
			store.Target{Name: "dead", Counter: &scripted{takes: 24 * time.Hour}},
		)
		e.handler = e.Handler(slowly(1500 * time.Millisecond)) // which a scrape of some clusters leaves out
		e.scrape("0.6")
		for range 30 {
			small := request(t.Context(), "/metrics?cluster=dead")
			small.Header.Set(timeoutHeader, "1")
			e.handler.ServeHTTP(httptest.NewRecorder(), small)
		}
		began := time.Now()
		e.scrape("3")
		if took := time.Since(began); took != 3*time.Second-DefaultTimeoutOffset {
			t.Errorf("the second large scrape took %s", took)
		}
	})
}

type noted struct {
	series       int
	waited, took time.Duration
	later        time.Duration // after which the next comes
}

func TestReserve(t *testing.T) {
	small := noted{300, 0, time.Millisecond, 10 * time.Second}
	tests := []struct {
		name   string
		before []noted
		series int
		want   time.Duration // of ten seconds
	}{
		{"nothing known of a small one", nil, 5000, 10 * time.Second},
		{"nothing known of a large one", nil, 260_000, 9 * time.Second},
		{"as the last", []noted{{100, 0, time.Second, 0}}, 100, 9 * time.Second},
		{"twice as large as the last", []noted{{50_000, 0, time.Second, 0}}, 100_000, 8 * time.Second},
		{"after a small one, a large one is presumed", []noted{{100, 0, time.Millisecond, 0}}, 260_000, 9 * time.Second},
		{"after a small one that was slow, too", []noted{{100, 0, time.Second, 0}}, 260_000, 9 * time.Second},
		{"one that is barely large after a small one that was slow", []noted{{fewSeries, 0, time.Second, 0}}, fewSeries + 2, 9 * time.Second},
		{"a large one that was slow says nothing of small ones", []noted{{260_000, 0, 5 * time.Second, 0}}, 100, 10 * time.Second},
		{"small ones between large ones", append([]noted{{260_000, 0, 4 * time.Second, 0}}, slices.Repeat([]noted{small}, 30)...), 260_000, 6 * time.Second},
		{"one family of all between whole answers", append([]noted{{260_000, 0, 4 * time.Second, 0}}, slices.Repeat([]noted{{260_000, 0, 20 * time.Millisecond, 10 * time.Second}}, 30)...), 260_000, 6 * time.Second},
		{"small ones after a wait", append([]noted{{260_000, time.Second, 2 * time.Second, 0}}, slices.Repeat([]noted{small}, 30)...), 260_000, 7 * time.Second},
		{"less large ones between large ones", append([]noted{{260_000, 0, 4 * time.Second, 0}}, slices.Repeat([]noted{{20_000, 0, 20 * time.Millisecond, 10 * time.Second}}, 30)...), 260_000, 6 * time.Second},
		{"the slowest of late", []noted{{100, 0, 2 * time.Second, remembered - 1}, {100, 0, time.Second, 0}}, 100, 8 * time.Second},
		{"a small one that waited for a large one", []noted{{100, time.Second, time.Millisecond, 0}}, 260_000, 8 * time.Second},
		{"the longest wait of late", []noted{{100, 2 * time.Second, 0, time.Minute}, {100, time.Second, 0, 0}}, 100, 8 * time.Second},
		{"no less than the window", []noted{{100, 0, 0, remembered - 1}, {100, 0, 2 * time.Second, 1}, {100, 0, time.Second, remembered - 1}}, 100, 8 * time.Second},
		{"a tenth at least", []noted{{100, 0, time.Hour, 0}}, 100, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var r reserve
				for _, a := range tt.before {
					r.note(a.series, a.waited, a.took)
					time.Sleep(a.later)
				}
				if got := r.wait(10*time.Second, tt.series).Round(time.Millisecond); got != tt.want {
					t.Errorf("waits %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// TestReserveForgets has one slow answer, and quick ones of the same size after it, or none.
func TestReserveForgets(t *testing.T) {
	for _, series := range []int{100, 260_000} {
		for _, quick := range []time.Duration{15 * time.Second, time.Minute, time.Hour} {
			bubble(t, func(t *testing.T) {
				var r, fresh reserve
				r.note(series, 2*time.Second, 2*time.Second)
				for range 2 * remembered / min(quick, 2*remembered) {
					time.Sleep(quick)
					r.note(series, 0, 0)
				}
				if got, want := r.wait(10*time.Second, series), fresh.wait(10*time.Second, series); got != want {
					t.Errorf("%d series, one every %s: waits %s, want %s", series, quick, got, want)
				}
			})
		}
	}
}

func TestUnreadableQueries(t *testing.T) {
	for name, query := range map[string]string{
		"escape":            "cluster[]=%zz",
		"escape at the end": "cluster=%",
		"semicolon":         "cluster[]=one;x=1",
		"too many":          strings.Repeat("cluster=one&", 10_001),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e := scriptedExporter(t, &scripted{})
				for path, handler := range map[string]http.Handler{"/metrics": e.handler, "/api/v1/nodes": e.API()} {
					answer := httptest.NewRecorder()
					handler.ServeHTTP(answer, request(t.Context(), path+"?"+query))
					if answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "the query cannot be read") {
						t.Errorf("%s: %d %.200s", path, answer.Code, answer.Body)
					}
				}
			})
		})
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "deflate, gzip;q=0.5": true, "*": true, "identity": false,
		"gzip;q=0": false, "gzip; q=0.000": false, "*, gzip;q=0": false, "gzip, *;q=0": true, "gzip;q=x": false, "xgzip": false,
	} {
		if got := acceptsGzip(http.Header{"Accept-Encoding": {header}}); got != want {
			t.Errorf("%q: %t, want %t", header, got, want)
		}
	}
}

// TestAnswersAreWhole compares an answer that was kept compressed and sent plain with
// one that was sent compressed.
func TestAnswersAreWhole(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var nodes []podcount.Node
		for i := range 20_000 {
			nodes = append(nodes, podcount.Node{Name: fmt.Sprint("node-", i), ActivePods: i, AllocatablePods: 110, HasAllocatable: true})
		}
		e := scriptedExporter(t, shownAs{podcount.Snapshot{Nodes: nodes}})
		want := e.scrape("10")
		zipped := httptest.NewRecorder()
		r := request(t.Context(), "/metrics")
		r.Header.Set("Accept-Encoding", "gzip")
		e.handler.ServeHTTP(zipped, r)
		if got := zipped.Header().Get("Content-Length"); got != fmt.Sprint(zipped.Body.Len()) || !slices.Contains(zipped.Header().Values("Vary"), "Accept-Encoding") {
			t.Errorf("Content-Length %s of %d, Vary %q", got, zipped.Body.Len(), zipped.Header().Values("Vary"))
		}
		if got, kept := zipped.Body.Len(), len(want)/8; got > kept {
			t.Errorf("%d bytes are kept of %d, want less than %d", got, len(want), kept)
		}
		reader, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(reader); err != nil || string(body) != want {
			t.Errorf("%v, %d bytes, want %d", err, len(body), len(want))
		}
	})
}

// shownAs is a Counter that always has the same snapshot, of the moment.
type shownAs struct{ podcount.Snapshot }

func (s shownAs) Count(_ context.Context, _ podcount.Observer, publish func(*podcount.Snapshot)) error {
	now := s.Snapshot
	now.Started, now.Time = time.Now(), time.Now()
	publish(&now)
	return nil
}

// TestPreparedBesideScrapes has pages prepared, for long: one at a time, and scrapes are
// encoded meanwhile.
func TestPreparedBesideScrapes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newResponder(0)
		prepared, goOn := 0, make(chan struct{})
		var pages sync.WaitGroup
		for range 3 {
			pages.Go(func() {
				_, _, _ = r.respond(httptest.NewRecorder(), request(t.Context(), "/"), func() { prepared++; <-goOn }, func(http.ResponseWriter) {})
			})
		}
		for n := 1; n <= 3; n++ {
			if synctest.Wait(); prepared != n {
				t.Fatalf("%d pages were prepared at once, want %d", prepared, n)
			}
			began := time.Now()
			if _, _, err := r.respond(httptest.NewRecorder(), request(t.Context(), "/metrics"), nil, func(http.ResponseWriter) {}); err != nil || time.Since(began) != 0 {
				t.Errorf("a scrape ended with %v after %s, while a page was prepared", err, time.Since(began))
			}
			goOn <- struct{}{}
		}
		pages.Wait()
	})
}

// TestPagesLeaveSlotsToScrapes has more readers of a page that takes long to make than there
// are slots: scrapes, which need nothing prepared, are answered all the same.
func TestPagesLeaveSlotsToScrapes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newResponder(preparedSlots + 2)
		made := 0
		var pages sync.WaitGroup
		for range 10 * preparedSlots {
			pages.Go(func() {
				for range 20 {
					_, _, err := r.respond(httptest.NewRecorder(), request(t.Context(), "/cluster"), func() { time.Sleep(time.Second / 3) }, func(http.ResponseWriter) { made++ })
					if err != nil && !errors.Is(err, errBusy) {
						t.Error(err)
					}
				}
			})
		}
		time.Sleep(time.Second)
		for range 10 {
			if _, _, err := r.respond(httptest.NewRecorder(), request(t.Context(), "/metrics"), nil, func(http.ResponseWriter) {}); err != nil {
				t.Error(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		pages.Wait()
		if made < 20 {
			t.Errorf("%d pages were made, so they were no load", made)
		}
	})
}
