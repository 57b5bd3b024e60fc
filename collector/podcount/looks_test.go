package podcount

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// patient is a server with the nodes a and b, which is counted every five minutes.
type patient struct {
	t       *testing.T
	counter *Counter
	pods    step                     // nil: one pod on a
	ill     func(*http.Request) bool // which requests it takes badly; nil: none
	trouble step                     // its answer to those
	asked   int                      // how many there were
}

func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	getConn(r.Context())
	switch {
	case p.ill != nil && p.ill(r):
		p.asked++
		return p.trouble(r)
	case nodesOnly(r) && r.URL.Query().Get("fieldSelector") != "":
		return nodePage("")(r)
	case nodesOnly(r):
		return nodePage("", "a", "b")(r)
	case !strings.HasSuffix(r.URL.Path, "/pods"):
		return body(http.StatusOK, `{"kind":"Namespace"}`)(r)
	case p.pods != nil:
		return p.pods(r)
	}
	return onePod(sourceOf(r))(r)
}

// CloseIdleConnections is called after each count.
func (p *patient) CloseIdleConnections() {}

// renew gives the patient another Counter, as other credentials do.
func (p *patient) renew(change func(*Config)) {
	cfg := DefaultConfig()
	cfg.Jitter = func() float64 { return 0.5 }
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg, &http.Client{Transport: p}, &url.URL{Scheme: "http", Host: "host"})
	if err != nil {
		p.t.Fatal(err)
	}
	if p.counter != nil {
		c.Resume(p.counter)
	}
	p.counter = c
}

// visits counts n times, and checks how many of the counts fail.
func (p *patient) visits(n, failing int) (last *Snapshot) {
	p.t.Helper()
	failed, why := 0, error(nil)
	for range n {
		s, err := countOnce(p.t.Context(), p.counter, &recorder{})
		if s != nil {
			last = s
		} else {
			failed, why = failed+1, err
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait() // for requests that were left behind
	}
	if failed != failing {
		p.t.Fatalf("%d of %d counts failed, want %d: %v", failed, n, failing, why)
	}
	return last
}

const perHour = int(formLife / (5 * time.Minute))

// troubles are answers of a server, or of what is before it, to a request that it takes badly.
func troubles() map[string]step {
	named := map[string]step{"a hang": hang, "HTML": body(200, "<html>", "Content-Type", "text/html")}
	for _, code := range []int{400, 401, 403, 404, 405, 410, 413, 429, 500, 502, 503, 504} {
		named[fmt.Sprint(code)] = status(code, "")
	}
	return named
}

func tables(r *http.Request) bool    { return strings.Contains(r.Header.Get("Accept"), "as=Table") }
func nodesOnly(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/nodes") }
func lookingUp(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Query().Get("fieldSelector"), "metadata.name=")
}

// TestLooks has what a server refused come up again after an hour, and then fail in any way:
// the counts go on as they did, and the next look is an hour later.
func TestLooks(t *testing.T) {
	listed := func(s *Snapshot) bool { return s.Source == SourceList && len(s.Nodes) == 2 }
	namespace := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/x") }
	for _, what := range []struct {
		name   string
		change func(*Config)
		code   int // of the refusal
		pods   step
		ill    func(*http.Request) bool
		each   int // requests of one look
		intact func(*Snapshot) bool
	}{
		{"Tables", nil, 400, nil, tables, 2, listed},
		{"Tables, in namespaces", inNamespaces, 400, nil, tables, 2, listed},
		{"nodes", nil, 403, nil, nodesOnly, 1, func(s *Snapshot) bool { return s.NodesForbidden && len(s.Nodes) == 1 }},
		{"an empty namespace", func(cfg *Config) { cfg.Namespaces = []string{"x"} }, 403, podPage(""), namespace, 1,
			func(s *Snapshot) bool { return len(s.Nodes) == 2 }},
		{"a node by its name", nil, 400, podPage("", "a", "ghost"), lookingUp, 1, func(s *Snapshot) bool { return s.UnknownNodePods == 1 }},
	} {
		for how, trouble := range troubles() {
			if what.name == "an empty namespace" && how == "404" {
				continue // then it does not exist
			}
			t.Run(what.name+", then "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := &patient{t: t, pods: what.pods, ill: what.ill, trouble: status(what.code, "")}
					p.renew(what.change)
					p.visits(1, 0)
					p.trouble, p.asked = trouble, 0
					if s := p.visits(3*perHour+1, 0); !what.intact(s) {
						t.Errorf("the last count: %s, %+v", line(s), s)
					}
					if p.asked > 3*what.each {
						t.Errorf("it was asked for %d times in three hours, want %d at most", p.asked, 3*what.each)
					}
					p.ill = nil
					if s := p.visits(perHour+1, 0); s.Source != SourceTable || s.NodesForbidden || len(s.Nodes) != 2 {
						t.Errorf("an hour after it was mended: %s, %+v", line(s), s)
					}
				})
			})
		}
	}
}

// TestLookGoesOn has a proxy that answers 500 to all rows without objects. Once it did so to
// all Tables, for two counts. From the next look on, rows with metadata are listed again.
func TestLookGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, sick := &patient{t: t}, false
		p.ill = func(r *http.Request) bool { return tables(r) && !nodesOnly(r) }
		p.trouble = func(r *http.Request) (*http.Response, error) {
			if sick || sourceOf(r) == SourceTable {
				return status(http.StatusInternalServerError, "")(r)
			}
			return onePod(sourceOf(r))(r)
		}
		p.renew(nil)
		for _, step := range []struct {
			sick            bool
			counts, failing int
			want            Source
		}{{false, 3, 0, SourceTableMetadata}, {true, 2, 1, SourceList}, {false, 2 * perHour, 0, SourceTableMetadata}} {
			sick = step.sick
			if got := p.visits(step.counts, step.failing).Source; got != step.want {
				t.Errorf("listed as %s, want %s", got, step.want)
			}
		}
	})
}
