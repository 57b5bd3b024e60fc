package collector

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

func TestScrapeTimeout(t *testing.T) {
	for _, c := range []struct {
		name, header string
		want         time.Duration
		refused      bool
	}{
		{name: "none", header: "", want: DefaultScrapeTimeout},
		{name: "whole", header: "10", want: 10 * time.Second},
		{name: "fraction", header: "0.25", want: 250 * time.Millisecond},
		{name: "exponent", header: "1e1", want: 10 * time.Second},
		{name: "longer than any", header: "1e300", want: longestTimeout},
		{name: "zero", header: "0", refused: true},
		{name: "negative", header: "-1", refused: true},
		{name: "NaN", header: "NaN", refused: true},
		{name: "Inf", header: "+Inf", refused: true},
		{name: "negative Inf", header: "-Inf", refused: true},
		{name: "overflow", header: "1e999", refused: true},
		{name: "garbage", header: "ten", refused: true},
		{name: "unit", header: "10s", refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := scrapeTimeout(c.header)
			if (err != nil) != c.refused || got != c.want {
				t.Errorf("%q gives %s, %v", c.header, got, err)
			}
		})
	}
}

func FuzzScrapeTimeout(f *testing.F) {
	for _, header := range []string{"", "10", "NaN", "1e300", "-0", "0x1p-2", "1_0"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, err := scrapeTimeout(header)
		if err == nil && (got < 0 || got > longestTimeout) {
			t.Errorf("%q gives %s", header, got)
		}
	})
}

func TestBadTimeoutHeaderIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := start(t, small(), steady())
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
		request.Header.Set(timeoutHeader, "NaN")
		answer := httptest.NewRecorder()
		e.handler.ServeHTTP(answer, request)
		if answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), timeoutHeader) {
			t.Errorf("got %d %q, want 400 that names the header", answer.Code, answer.Body)
		}
	})
}

// slow makes every page take so long.
func slow(cfg kubesim.Config, page time.Duration) kubesim.Config {
	cfg.Latency = func(int, int) time.Duration { return page }
	return cfg
}

func TestColdStartLongerThanTheScrape(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := start(t, slow(small(), 20*time.Second), steady())
		began := time.Now()
		body := e.scrape("10")
		if waited := time.Since(began); waited != 10*time.Second-DefaultTimeoutOffset {
			t.Errorf("the scrape waited %s, want its timeout less the offset", waited)
		}
		if got := value(body, "pod_count_success"); got != "0" {
			t.Errorf("pod_count_success is %s before the first count", got)
		}
		if nodes := series(body, "node_active_pods"); nodes != nil {
			t.Errorf("nodes before the first count: %v", nodes)
		}
		time.Sleep(2 * time.Minute)
		body = e.scrape("10")
		if got := value(body, "pod_count_success"); got != "1" {
			t.Errorf("pod_count_success is %s, the count did not go on in the background", got)
		}
		if nodes := series(body, "node_active_pods"); len(nodes) != 6 {
			t.Errorf("%d node series, want 6", len(nodes))
		}
	})
}

func TestShutdownDoesNotWaitForPages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := start(t, slow(small(), time.Hour), steady())
		e.scrape("1")
		began := time.Now()
		e.stop()
		e.Store.Wait()
		if waited := time.Since(began); waited != 0 {
			t.Errorf("shutdown waited %s for a page", waited)
		}
		if strings.Contains(e.log.String(), "failed") {
			t.Errorf("the shutdown was logged as a failure:\n%s", e.log)
		}
	})
}
