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

// beside answers requests for pods that the server fails: those for which fails gives a step.
func (h *hiding) beside(c *Counter, fails func(include string) step) {
	c.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, Pods) {
			if fail := fails(r.URL.Query().Get("includeObject")); fail != nil {
				getConn(r.Context())
				return fail(r)
			}
		}
		return h.RoundTrip(r)
	})
}

// TestHiddenOutages has all requests for pods fail for a while, at any time or after the first
// one of a look: the form without objects comes up again amid that, and its empty answer is
// not believed.
func TestHiddenOutages(t *testing.T) {
	for _, code := range []int{400, 404, 500, 502, 503} {
		for _, look := range []bool{false, true} {
			for fails := 0; fails < 25; fails += 3 {
				t.Run(fmt.Sprint(code, ", look ", look, ", ", fails, " failures"), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						h := &hiding{limited: limited{pods: 400, most: 10_000, fail: hang}, objects: true}
						c := h.counter(t)
						away, armed := 0, false
						h.beside(c, func(include string) step {
							if armed && include == "None" {
								away, armed = fails, false
							} else if away > 0 {
								away--
								return statusOf(code)
							}
							return nil
						})
						for i := range 30 {
							if i == 3 && !look {
								away = fails
							}
							armed = armed || look && i == 11
							if s, err := countOnce(t.Context(), c, &recorder{}); err == nil && s.ActivePods() != 400 {
								t.Errorf("count %d: %s by %s, want 400 pods", i, line(s), s.Source)
							}
							time.Sleep(5 * time.Minute)
						}
						if away > 0 || armed {
							t.Error("the outage has not come, or not ended")
						}
					})
				})
			}
		}
	}
}

// TestHiddenLater has a server that has listed pods as rows without objects hide them, for
// everyone or for other credentials: it is not believed for what it did before.
func TestHiddenLater(t *testing.T) {
	for _, resumed := range []bool{false, true} {
		t.Run(fmt.Sprint(resumed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hiding{limited: limited{pods: 400, most: 10_000, fail: hang}}
				c := h.counter(t)
				h.counts(t, c, 3)
				h.objects = true
				if resumed {
					next := h.counter(t)
					next.Resume(c)
					c = next
				}
				if right, last := h.counts(t, c, 30); right < 30 || last.Source != SourceTableMetadata {
					t.Errorf("%d of 30 counts are right, the last one by %s", right, last.Source)
				}
				h.objects = false
				if right, last := h.counts(t, c, 15); right < 15 || last.Source != SourceTable || last.SourceRefused != nil {
					t.Errorf("%d of 15 counts are right, the last one by %s (%v)", right, last.Source, last.SourceRefused)
				}
			})
		})
	}
}

// TestLooksGoUpByOne has the form that works fail once, after a look has found no rows without
// objects: another one is taken, and the next look goes back to the first that shows pods.
func TestLooksGoUpByOne(t *testing.T) {
	for _, code := range []int{500, 502, 503, 404, 400} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hiding{limited: limited{pods: 400, most: 10_000, fail: hang}, objects: true}
				c := h.counter(t)
				fails, looked := 0, 0
				h.beside(c, func(include string) step {
					switch {
					case include == "None":
						if looked++; looked == 2 {
							fails = 1
						}
					case fails > 0:
						fails--
						return statusOf(code)
					}
					return nil
				})
				h.counts(t, c, 15)
				if right, last := h.counts(t, c, 30); looked < 3 || right < 30 || last.Source != SourceTableMetadata {
					t.Errorf("after %d looks %d of 30 counts are right, the last one by %s", looked, right, last.Source)
				}
			})
		})
	}
}

// TestTroubleAfterAnOutage has pages become small in an outage, and other trouble end a count,
// or hit a page or two, while they grow back: they do.
func TestTroubleAfterAnOutage(t *testing.T) {
	for _, tt := range []struct{ code, times int }{{429, 5}, {401, 2}, {403, 2}, {410, 8}, {503, 1}, {503, 5}} {
		for outage := 10; outage <= 40; outage += 6 {
			for at := range 4 {
				t.Run(fmt.Sprint(tt.code, " ", tt.times, " times, ", at, " pages after ", outage, " failures"), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						h := &hiding{limited: limited{pods: 10_000, most: 10_000, fail: statusOf(503)}}
						c := h.counter(t)
						h.counts(t, c, 3)
						away, well, times := outage, at, tt.times
						h.beside(c, func(string) step {
							switch {
							case away > 0:
								away--
								return statusOf(503)
							case well > 0:
								well--
							case times > 0:
								times--
								return statusOf(tt.code)
							}
							return nil
						})
						h.counts(t, c, 20)
						h.limits = nil
						if right, _ := h.counts(t, c, 3); right < 3 || times > 0 || len(h.limits) > 3*20 {
							t.Errorf("%d of 3 counts are right, in %d pages; %d failures are left", right, len(h.limits), times)
						}
					})
				})
			}
		}
	}
}
