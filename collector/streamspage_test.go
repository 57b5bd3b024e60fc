package collector

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

const ofOne = "/cluster?name=one"

func isWatch(r *http.Request) bool { return r.URL.Query().Get("watch") != "" }

func ofNodes(r *http.Request) bool { return isWatch(r) && strings.HasSuffix(r.URL.Path, "/nodes") }

func listOfNodes(r *http.Request) bool { return !isWatch(r) && strings.HasSuffix(r.URL.Path, "/nodes") }

// sinceNow is how the page shows that a cluster is failing since the present moment. A
// stream may be away for a second before it counts.
func sinceNow(reason string) string {
	at := time.Now().UTC().Add(time.Second)
	return `<strong>` + reason + `</strong> since <time datetime="` + at.Format(time.RFC3339) + `">`
}

// lacks requires a document not to say something.
func (e *exporter) lacks(when, target string, unwanted ...string) {
	e.t.Helper()
	_, body := e.status(target)
	for _, one := range unwanted {
		if strings.Contains(body, one) {
			e.t.Errorf("%s: %s has %q:\n%s", when, target, one, body)
		}
	}
}

// reopenings are the lines of the log that say so, from the field resource on.
func (e *exporter) reopenings() []string {
	var lines []string
	for _, found := range regexp.MustCompile(`level=info msg="The watch is open again" cluster=one (.*)`).FindAllStringSubmatch(e.log.String(), -1) {
		lines = append(lines, found[1])
	}
	return lines
}

// TestStatusPageOfStreams has the streams of a cluster fail, come back, and fail again.
func TestStatusPageOfStreams(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		e.wantTruth("at the start")
		time.Sleep(20 * time.Minute) // streams end in time, which is no failure
		e.lacks("well", ofOne, `id="failure"`, "stream")
		e.wantStatus("well", "/", "The cluster is well", `<span class="summary">none</span>`)
		e.tap.breaks(true)
		first := sinceNow("network")
		time.Sleep(20 * time.Second)
		e.wantStatus("away", "/", ">failing<", first, "20 s ago", " streams")
		e.wantStatus("away", ofOne, first, `id="failure"`, "watch of ", "connection refused")
		if code, answer := e.ask(http.MethodGet, "/api/v1/clusters"); code != http.StatusOK || !strings.Contains(fmt.Sprint(answer), "network") {
			t.Errorf("the API: %d %s", code, answer)
		}
		time.Sleep(time.Minute)
		e.wantStatus("still away", "/", first, "1 min ago")
		e.tap.breaks(false)
		time.Sleep(time.Minute)
		e.wantStatus("back", "/", "The cluster is well", " streams")
		e.wantStatus("back", ofOne, `id="failure"`, "connection refused")
		e.lacks("back", ofOne, "failing", first)
		e.tap.breaks(true)
		second := sinceNow("network")
		time.Sleep(5 * time.Second)
		e.wantStatus("away again", "/", second)
		e.lacks("away again", "/", first)
		time.Sleep(store.DefaultMaxStaleness + time.Minute)
		e.wantStatus("withdrawn", "/", ">failing<", second, "Nothing is shown")
		e.tap.breaks(false)
		time.Sleep(2 * time.Hour)
		e.wantStatus("hours later", "/", "The cluster is well", `<span class="summary">none</span>`)
	})
}

// TestStatusPageOfOneStream has one of three streams fail, while the others live, and
// then the list of nodes beside them.
func TestStatusPageOfOneStream(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		e.wantTruth("at the start")
		time.Sleep(2 * time.Minute)
		e.tap.strike(ofNodes, http.StatusServiceUnavailable)
		since := sinceNow("server")
		time.Sleep(10 * time.Second)
		e.sim.CreatePod(e.sim.NodeNames()[0]) // the others' events go on
		time.Sleep(10 * time.Second)
		e.wantStatus("one is away", ofOne, ">failing<", since, "watch of nodes: server: status 503", "streams")
		e.tap.strike(nil, 0)
		time.Sleep(30 * time.Second)
		e.wantStatus("back", "/", "The cluster is well")
		if lines := e.reopenings(); len(lines) != 1 || !strings.HasPrefix(lines[0], "resource=nodes after=") {
			t.Errorf("reopened: %q", lines)
		}
		e.tap.strike(listOfNodes, http.StatusFound)
		time.Sleep(10 * time.Minute)
		e.wantStatus("nodes are not listed", ofOne, ">failing<", "<strong>server</strong> since <time", "nodes page 1, attempt", "Let server in the kubeconfig name the API server itself")
		_, body := e.status(ofOne)
		if _, last, _ := strings.Cut(body, `id="failure"`); !strings.Contains(last, "nodes page 1, attempt") || !strings.Contains(last, "Let server in") {
			t.Errorf("the last failure is\n%s", last)
		}
		e.tap.strike(nil, 0)
		time.Sleep(10 * time.Minute)
		e.wantStatus("listed", "/", "The cluster is well")
	})
}

// TestStatusPageOfFallback has watches forbidden: the cluster fails until it has been
// listed, and the reason stays as its last failure.
func TestStatusPageOfFallback(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		e.wantTruth("at the start")
		time.Sleep(2 * time.Minute)
		e.tap.strike(isWatch, http.StatusForbidden)
		time.Sleep(30 * time.Second)
		e.wantStatus("forbidden", "/", ">failing<", "<strong>forbidden</strong> since <time")
		time.Sleep(2 * time.Minute)
		e.scrape("10")
		e.wantStatus("listed", "/", "The cluster is well", "list, table", " streams")
		e.wantStatus("listed", ofOne, `id="failure"`, "<strong>forbidden</strong> at", "watch of ")
		e.tap.strike(nil, 0)
		for range 4 {
			time.Sleep(5 * time.Minute)
			e.scrape("10")
		}
		e.wantStatus("followed again", "/", "The cluster is well", "watch, table")
	})
}

// TestReopeningIsLoggedOnce breaks all streams, and has them fail for a while: one line
// for each resource says that its watches are back, and for how long they were away.
func TestReopeningIsLoggedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		e.wantTruth("at the start")
		time.Sleep(20 * time.Minute) // streams end in time, which is no outage
		if lines := e.reopenings(); len(lines) > 0 {
			t.Errorf("without an outage: %q", lines)
		}
		for outage := 1; outage <= 2; outage++ {
			e.tap.breaks(true)
			time.Sleep(24 * time.Second)
			e.tap.breaks(false)
			time.Sleep(30 * time.Minute)
			lines := strings.Join(e.reopenings(), "\n")
			for _, resource := range []string{"pods", "nodes"} {
				if got := len(regexp.MustCompile(`resource=`+resource+` after=(2[4-9]|[34]\d)(\.\d+)?s`).FindAllString(lines, -1)); got != outage {
					t.Errorf("after %d outages, %d lines for %s:\n%s", outage, got, resource, lines)
				}
			}
			if got := len(e.reopenings()); got != 2*outage {
				t.Errorf("after %d outages, %d lines:\n%s", outage, got, lines)
			}
		}
	})
}
