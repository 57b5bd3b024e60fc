package podcount

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// hiding is a server behind a proxy that hides rows: the first ones, or all whose object it
// does not see.
type hiding struct {
	limited
	hidden  int  // how many of the first
	objects bool // it hides rows without objects
	tables  step // how it answers requests for Tables; nil if it gives them

	limits []int // of the requests for pods
}

// RoundTrip answers like limited, with fewer rows.
func (h *hiding) RoundTrip(r *http.Request) (*http.Response, error) {
	query := r.URL.Query()
	limit, _ := strconv.Atoi(query.Get("limit"))
	start, _ := strconv.Atoi(query.Get("continue"))
	include := query.Get("includeObject")
	if !strings.HasSuffix(r.URL.Path, Pods) {
		return h.limited.RoundTrip(r)
	}
	getConn(r.Context())
	h.limits = append(h.limits, limit)
	if h.tables != nil && include != "" {
		return h.tables(r)
	}
	if limit > h.most || h.away > 0 {
		h.failed, h.away = h.failed+1, max(0, h.away-1)
		return h.fail(r)
	}
	end, next := min(start+limit, h.pods), ""
	if end < h.pods {
		next = fmt.Sprint(end)
	}
	rows := end - max(start, h.hidden)
	if rows < 0 || h.objects && include == "None" {
		rows = 0
	}
	meta := fmt.Sprintf(`"metadata":{"resourceVersion":"1","continue":%q}`, next)
	many := func(row string) string { return strings.TrimSuffix(strings.Repeat(row+",", rows), ",") }
	if include == "" {
		return answerOf(`{"kind":"PodList",` + meta + `,"items":[` + many(`{"spec":{"nodeName":"n1"}}`) + `]}`), nil
	}
	return answerOf(`{"kind":"Table",` + meta + `,"columnDefinitions":[{"name":"Node"}],"rows":[` + many(`{"cells":["n1"]}`) + `]}`), nil
}

func (h *hiding) counter(t *testing.T) *Counter {
	t.Helper()
	c, err := New(DefaultConfig(), &http.Client{Transport: h}, &url.URL{Scheme: "http", Host: "host"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// counts makes some counts, each five minutes after the one before, and returns how many of the
// last ones were right.
func (h *hiding) counts(t *testing.T, c *Counter, times int) (right int, last *Snapshot) {
	t.Helper()
	for range times {
		s, err := countOnce(t.Context(), c, &recorder{})
		switch {
		case err != nil:
			right = 0
		case s.ActivePods() == h.pods-h.hidden:
			right, last = right+1, s
		default:
			t.Fatalf("%s, want %d pods", line(s), h.pods-h.hidden)
		}
		time.Sleep(5 * time.Minute)
	}
	return right, last
}

// TestHiddenRowsAfterAnOutage has pages become small in an outage, behind a proxy that never
// gives a full page: they grow back.
func TestHiddenRowsAfterAnOutage(t *testing.T) {
	for name, fail := range map[string]step{
		"503": statusOf(503), "401": statusOf(401), "403": statusOf(403), "429": statusOf(429), "hang": hang, "refused": broken(errRefused),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hiding{limited: limited{pods: 1000, most: 10_000, fail: fail}, hidden: 800}
				c := h.counter(t)
				h.counts(t, c, 2)
				h.away = 20
				h.counts(t, c, 12)
				if h.away > 0 {
					t.Fatalf("the outage has lasted on: %d", h.away)
				}
				right, _ := h.counts(t, c, 3)
				if size := h.limits[len(h.limits)-1]; right < 3 || size < DefaultPageSize {
					t.Errorf("after the outage %d of 3 counts are right, and pages have %d rows", right, size)
				}
			})
		})
	}
}

// TestRowsHiddenWithoutObjects has a proxy hide, without a word, all rows whose object it
// does not see, from the beginning or from the look of the hour on.
func TestRowsHiddenWithoutObjects(t *testing.T) {
	for _, pods := range []int{0, 1, 400, 4000, 50_000} {
		t.Run(fmt.Sprint(pods), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hiding{limited: limited{pods: pods, most: 10_000, fail: hang}, objects: true}
				right, last := h.counts(t, h.counter(t), 30)
				want := SourceTableMetadata
				if pods == 0 {
					want = SourceTable
				}
				if right < 30 || last.Source != want {
					t.Errorf("%d of 30 counts are right, the last one by %s (%v)", right, last.Source, last.SourceRefused)
				}
			})
		})
	}
	t.Run("in the look only", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := &hiding{limited: limited{pods: 400, most: 10_000, fail: hang}, objects: true, tables: statusOf(http.StatusNotAcceptable)}
			c := h.counter(t)
			h.counts(t, c, 3)
			h.tables = nil
			if right, _ := h.counts(t, c, 30); right < 30 {
				t.Errorf("%d of 30 counts are right", right)
			}
		})
	})
}

// TestLooksKeepTheSizeThatFailed has a server without Tables fail for large pages: the looks
// of the hour do not have it try those again.
func TestLooksKeepTheSizeThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hiding{limited: limited{pods: 6000, most: 1500, fail: statusOf(http.StatusBadGateway)}, tables: statusOf(http.StatusNotAcceptable)}
		c := h.counter(t)
		h.counts(t, c, 12)
		before := h.failed
		if right, _ := h.counts(t, c, 120); right < 120 || h.failed > before {
			t.Errorf("in ten hours %d of 120 counts were right, and %d more pages failed", right, h.failed-before)
		}
	})
}

// inDoubt fails some requests for rows with metadata, from the nth request without on.
type inDoubt struct {
	*hiding
	nth, fails int
	fail       step
}

// RoundTrip answers like hiding otherwise.
func (d *inDoubt) RoundTrip(r *http.Request) (*http.Response, error) {
	switch include := r.URL.Query().Get("includeObject"); {
	case include == "None":
		if d.nth--; d.nth == 0 {
			d.fails = DefaultPageAttempts
		}
	case include == "Metadata" && d.fails > 0:
		d.fails--
		getConn(r.Context())
		return d.fail(r)
	}
	return d.hiding.RoundTrip(r)
}

// TestDoubtOutlivesACount has a count fail, or be cancelled, while it asks for rows with
// metadata, as it has found none without: the next count does not take that for the truth.
func TestDoubtOutlivesACount(t *testing.T) {
	for name, fail := range map[string]step{
		"503": statusOf(503), "401": statusOf(401), "403": statusOf(403), "429": statusOf(429), "hang": hang, "refused": broken(errRefused),
	} {
		for when, nth := range map[string]int{"the first count": 1, "a look": 2} {
			for _, limit := range []time.Duration{time.Second, time.Hour} {
				t.Run(fmt.Sprint(name, " in ", when, ", cancelled after ", limit), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						h := &hiding{limited: limited{pods: 400, most: 10_000, fail: hang}, objects: true}
						d := &inDoubt{hiding: h, fail: fail, nth: nth}
						c := h.counter(t)
						c.client.Transport = d
						for range 70 {
							ctx, cancel := context.WithTimeout(t.Context(), limit)
							if s, err := countOnce(ctx, c, &recorder{}); err == nil && s.ActivePods() != 400 {
								t.Errorf("%s by %s, want 400 pods", line(s), s.Source)
							} else if err != nil {
								d.fails = 0
								next := h.counter(t)
								next.client.Transport = d
								next.Resume(c)
								c = next
							}
							cancel()
							time.Sleep(time.Minute)
						}
						if d.nth > 0 {
							t.Error("there was no doubt")
						}
					})
				})
			}
		}
	}
}
