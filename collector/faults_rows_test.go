package collector

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// rowsCase is a fault of all answers with more than a number of rows.
type rowsCase struct {
	fault      kubesim.Fault
	resource   string
	first, top int // rows per page
}

// spoiledAbove is the number of rows.
const spoiledAbove = 100

// rowsCases has each fault above the first page size, and below it. But a count goes
// without nodes that it may not list.
func rowsCases() []rowsCase {
	var cases []rowsCase
	add := func(resource string, first, top int, faults []kubesim.Fault) {
		for _, fault := range faults {
			if reason, _ := faultReason(fault); resource == podcount.Pods || reason != podcount.Forbidden {
				cases = append(cases, rowsCase{fault, resource, first, top})
			}
		}
	}
	add(podcount.Pods, 60, 240, kubesim.Faults())
	add(podcount.Pods, 240, 240, kubesim.Faults())
	add(podcount.Nodes, 240, 240, slices.Concat(kubesim.StatusFaults(), kubesim.ConnectionFaults()))
	return cases
}

// TestFaultsOfLargePages shows that a fault of large pages stops no count for long:
// pages become smaller, and stay so.
func TestFaultsOfLargePages(t *testing.T) {
	for i, c := range rowsCases() {
		if i%share != 0 {
			continue
		}
		t.Run(fmt.Sprintf("%s/%s/%d to %d", c.fault.Name, c.resource, c.first, c.top), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) { c.run(t) })
		})
	}
}

func (c rowsCase) run(t *testing.T) {
	script := kubesim.NewScript(kubesim.Rule{Fault: c.fault, Resource: c.resource, Times: kubesim.Forever})
	cfg := small()
	cfg.Pods, cfg.ImagesPerNode = 600, 1
	cfg.Intercept = func(next http.Handler) http.Handler {
		spoiled := script.Intercept(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if rows, _ := strconv.Atoi(r.URL.Query().Get("limit")); rows > spoiledAbove {
				spoiled.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	e := startWith(t, cfg, steady(), func(counting *podcount.Config, _ *rest.Config) {
		counting.PageSize, counting.MaxPageSize = c.first, c.top
		counting.PageTimeout = 3 * time.Second // endless bodies are read for so long
	})
	for range c.failing() {
		e.scrape("10")
		time.Sleep(store.DefaultCacheTTL)
	}
	hits := script.Hits()
	if hits == 0 {
		t.Error("the fault was never met")
	}
	for range 10 {
		body := e.scrape("10")
		if got, want := numbers(body), shown(e.sim.Truth()); got != want || value(body, "pod_count_success") != "1" {
			t.Fatalf("success is %s, and the exposition shows\n%s\nwant\n%s", value(body, "pod_count_success"), got, want)
		}
		time.Sleep(store.DefaultCacheTTL)
	}
	counted := c.fault.Harmless || c.fault.Name == "no node column" // in another form
	if more := script.Hits() - hits; more > 0 && !counted {
		t.Errorf("%d more answers were spoiled in the ten counts after %d", more, c.failing())
	}
}

// failing is how many counts find out what is wrong: one more where the answers name another
// cause, which is believed at first, as trouble of that kind may follow on an outage.
func (c rowsCase) failing() int {
	reason, _ := faultReason(c.fault)
	endless := c.fault.Name == "tokens without end" || c.fault.Name == "empty page with a token"
	if endless || slices.Contains([]podcount.Reason{podcount.Unauthorized, podcount.Forbidden, podcount.Throttled, podcount.Expired}, reason) {
		return 4
	}
	return 3
}
