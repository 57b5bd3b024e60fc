package collector

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

const askFresh = "/api/v1/nodes?cluster=one&fresh=true&timeout=1m"

// TestFreshCountsAreShared has twenty clients ask for fresh counts for ten
// minutes, a second after each answer.
func TestFreshCountsAreShared(t *testing.T) {
	tests := []struct {
		name string
		err  error
	}{{"of a healthy cluster", nil}, {"of a broken one", errors.New("no luck")}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				counter := &scripted{takes: time.Second, err: tt.err}
				e := scriptedExporter(t, counter)
				end := time.Now().Add(10 * time.Minute)
				var clients sync.WaitGroup
				var answers atomic.Int64
				for range 20 {
					clients.Go(func() {
						for time.Now().Before(end) {
							e.ask(http.MethodGet, askFresh)
							answers.Add(1)
							time.Sleep(time.Second)
						}
					})
				}
				clients.Wait()
				if calls := counter.calls.Load(); calls < 50 || calls > 62 {
					t.Errorf("%d counts in ten minutes for %d answers, want one in ten seconds", calls, answers.Load())
				}
			})
		})
	}
}

// turns is a Counter whose counts end when they are told to, one after the other.
type turns struct {
	scripted
	errs []error
}

func (s *turns) Count(ctx context.Context, o podcount.Observer, publish func(*podcount.Snapshot)) error {
	s.err = nil
	if turn := int(s.calls.Load()); turn < len(s.errs) {
		s.err = s.errs[turn]
	}
	return s.scripted.Count(ctx, o, publish)
}

// Each count takes four seconds; a second request comes some time after the request
// that began the first count.
func TestFreshAnswers(t *testing.T) {
	bad := errors.New("no luck")
	tests := []struct {
		name   string
		errs   []error
		after  time.Duration
		status int
		takes  time.Duration
		calls  int32
	}{
		{"amid a count that succeeds", nil, 2 * time.Second, 200, 2 * time.Second, 1},
		{"soon after one that succeeded", nil, 9 * time.Second, 200, 0, 1},
		{"ten seconds after one that succeeded", nil, 10 * time.Second, 200, 4 * time.Second, 2},
		{"amid a count that fails", []error{bad}, 2 * time.Second, 200, 12 * time.Second, 2},
		{"soon after one that failed", []error{bad}, 6 * time.Second, 200, 8 * time.Second, 2},
		{"ten seconds after one that failed", []error{bad}, 10 * time.Second, 200, 4 * time.Second, 2},
		{"amid a count that fails, and so does the next", []error{bad, bad}, 2 * time.Second, 503, 12 * time.Second, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				counter := &turns{scripted: scripted{takes: 4 * time.Second}, errs: tt.errs}
				e := scriptedExporter(t, counter)
				var first sync.WaitGroup
				first.Go(func() { e.ask(http.MethodGet, askFresh) })
				time.Sleep(tt.after)
				began := time.Now()
				status, body := e.ask(http.MethodGet, askFresh)
				if took := time.Since(began); status != tt.status || took != tt.takes || counter.calls.Load() != tt.calls {
					t.Errorf("after %s: %d %s; %d counts; want %d after %s, %d counts", took, status, body, counter.calls.Load(), tt.status, tt.takes, tt.calls)
				}
				first.Wait()
			})
		})
	}
}

// A scrape's count that began before the request may have missed the changes that the
// request is about, and its failure is not the request's.
func TestFreshIsNotOfAnEarlierScrape(t *testing.T) {
	bubble(t, func(t *testing.T) {
		counter := &turns{scripted: scripted{takes: 4 * time.Second}, errs: []error{errors.New("no luck")}}
		e := scriptedExporter(t, counter)
		e.Store.Warm()
		time.Sleep(time.Second)
		began := time.Now()
		status, body := e.ask(http.MethodGet, askFresh)
		if took := time.Since(began); status != http.StatusOK || took != 7*time.Second || !strings.Contains(body, `"activePods":2`) {
			t.Errorf("after %s: %d %s; want the second count after 7s, in no pause", took, status, body)
		}
	})
}

// TestFreshTakesTooLong has requests end before there is a fresh count: that one goes on is
// said only while one does.
func TestFreshTakesTooLong(t *testing.T) {
	for _, tt := range []struct {
		name  string
		takes time.Duration
		err   error
		want  string
	}{
		{"amid a count", time.Hour, nil, "not complete after 3s, and goes on"},
		{"after one that failed", 0, errors.New("no luck"), `no fresh count of cluster \"one\" within 3s: one may begin every ten seconds only`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e := scriptedExporter(t, &scripted{takes: tt.takes, err: tt.err})
				var first sync.WaitGroup
				first.Go(func() { e.ask(http.MethodGet, askFresh) })
				time.Sleep(time.Second)
				status, body := e.ask(http.MethodGet, "/api/v1/nodes?cluster=one&fresh=true&timeout=3s")
				if status != http.StatusGatewayTimeout || !strings.Contains(body, tt.want) {
					t.Errorf("%d %s; want 504, %s", status, body, tt.want)
				}
				first.Wait()
			})
		})
	}
}
