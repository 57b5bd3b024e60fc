package podcount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// everyPage is the whole count of the scripts below.
const everyPage = "a=2 b=1 c=1 unscheduled=1 unknown=0 pages=3 version=8 consistent=true"

// threePages are the pages of everyPage.
func threePages() []step {
	return []step{podPage("t1", "a", "b"), podPage("t2", "a", "<none>"), podPage("", "c")}
}

func TestFailedPageIsTriedAgain(t *testing.T) {
	cutOff := func(page int) step { return cut(threePages()[page], io.ErrUnexpectedEOF) }
	faults := []struct {
		name  string
		fault func(page int) step
		slow  bool
	}{
		{"refused", func(int) step { return broken(errors.New("connection refused")) }, false},
		{"cut within the body", cutOff, false},
		{"500", func(int) step { return status(http.StatusInternalServerError, "") }, false},
		{"429", func(int) step { return status(http.StatusTooManyRequests, "") }, false},
		{"HTML", func(int) step { return body(http.StatusOK, "<html>", "Content-Type", "text/html") }, false},
		{"truncated", func(page int) step { return cut(threePages()[page], io.EOF) }, false},
		{"timeout", func(int) step { return hang }, true},
		{"trickle", func(int) step { return trickle }, true},
	}
	for _, test := range faults {
		for page := range 3 {
			for _, times := range []int{1, 4} {
				t.Run(test.name+" at page "+strconv.Itoa(page+1)+", times "+strconv.Itoa(times), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						script := newScript(t, slices.Insert(threePages(), page, repeat(times, test.fault(page))...)...)
						if got := script.count(script.counter(nil)); got != everyPage {
							t.Errorf("got  %s\nwant %s", got, everyPage)
						}
						want := []string{"nodes", "pods", "pods?t1", "pods?t2"}
						again := slices.Repeat(want[page+1:page+2], times)
						want = slices.Insert(want, page+1, again...)
						if test.slow && page == 0 && times == 4 {
							want = append(want, "nodes") // they are two minutes older than the pods
						}
						script.expect(want...)
					})
				})
			}
		}
	}
}

// TestRefusalIsAskedAgainOnce has credentials refused once, at each page.
func TestRefusalIsAskedAgainOnce(t *testing.T) {
	want := []string{"nodes", "pods", "pods?t1", "pods?t2"}
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		for page := range 3 {
			t.Run(fmt.Sprintf("%d at page %d", code, page+1), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					script := newScript(t, slices.Insert(threePages(), page, status(code, ""))...)
					if got := script.count(script.counter(nil)); got != everyPage {
						t.Errorf("got  %s\nwant %s", got, everyPage)
					}
					script.expect(slices.Insert(slices.Clone(want), page+1, want[page+1])...)
				})
			})
		}
	}
}

// TestSetAside uses the attempts up at the second page.
func TestSetAside(t *testing.T) {
	tests := []struct {
		name  string
		pause time.Duration
		want  []string
	}{
		{"young token", 3 * time.Minute, []string{"pods?t1", "pods?t2"}},
		{"old token", 4*time.Minute + time.Second, []string{"nodes", "pods", "pods?t1", "pods?t2"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fault := status(http.StatusInternalServerError, "")
				script := newScript(t, slices.Insert(threePages(), 1, repeat(5, fault)...)...)
				c := script.counter(nil)
				failure := script.countFails(c, Server)
				if failure.Page != 2 || failure.Attempt != 5 || failure.Resource != Pods {
					t.Errorf("failed at %s page %d, attempt %d", failure.Resource, failure.Page, failure.Attempt)
				}
				script.expect("nodes", "pods", "pods?t1", "pods?t1", "pods?t1", "pods?t1", "pods?t1")
				time.Sleep(test.pause)
				if len(test.want) == 4 {
					script.pods = threePages()
				}
				if got := script.count(c); got != everyPage {
					t.Errorf("got  %s\nwant %s", got, everyPage)
				}
				script.expect(test.want...)
			})
		})
	}
}

// TestSetAsideAges keeps failing at the look-up of a node, and then at the list of all. The count
// from before must not be published as new, however often that is tried.
func TestSetAsideAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := status(http.StatusInternalServerError, "")
		script := newScript(t, podPage("", "a", "new"), podPage("", "b"))
		script.nodes = slices.Concat([]step{nodePage("", "a", "b")}, repeat(5*4, fault), repeat(1, nodePage("", "a", "b")))
		c := script.counter(nil)
		for range 3 {
			_ = script.countFails(c, Server) // it checks the reason
			time.Sleep(90 * time.Second)
		}
		want := "a=0 b=1 unscheduled=0 unknown=0 pages=1 version=8 consistent=true"
		if got := script.count(c); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestExpired(t *testing.T) {
	const gone = http.StatusGone
	tests := []struct {
		name  string
		pods  []step
		want  string
		asked []string
	}{
		{
			"one fresh start",
			slices.Concat([]step{podPage("o1", "c", "c"), status(gone, "o2")}, threePages()),
			everyPage,
			[]string{"nodes", "pods", "pods?o1", "pods", "pods?t1", "pods?t2"},
		},
		{
			"then the server's token",
			[]step{podPage("o1", "c"), status(gone, "o2"), podPage("t1", "a", "b"), status(gone, "skips"), status(gone, "n1"), podPageAt("9", "n2", "a", "<none>"), podPageAt("9", "", "c")},
			"a=2 b=1 c=1 unscheduled=1 unknown=0 pages=3 version=9 consistent=false",
			[]string{"nodes", "pods", "pods?o1", "pods", "pods?t1", "pods?t1", "pods?n1", "pods?n2"},
		},
		{
			"the token always expires",
			[]step{
				podPage("t1", "a", "b"), status(gone, "n1"), podPage("t1", "a", "b"), status(gone, "skips"), status(gone, "n1"),
				podPage("t2", "a", "<none>"), status(gone, "skips"), status(gone, "n2"), status(gone, "skips"), podPage("", "c"),
			},
			"a=2 b=1 c=1 unscheduled=1 unknown=0 pages=3 version=8 consistent=false",
			[]string{"nodes", "pods", "pods?t1", "pods", "pods?t1", "pods?t1", "pods?n1", "pods?t2", "pods?t2", "pods?n2", "pods?n2"},
		},
		{
			"a Status with code 410 under status 200",
			slices.Concat([]step{podPage("o1", "c", "c"), body(200, `{"kind":"Status","code":410}`)}, threePages()),
			everyPage,
			[]string{"nodes", "pods", "pods?o1", "pods", "pods?t1", "pods?t2"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, test.pods...)
				c := script.counter(func(cfg *Config) { cfg.PageAttempts = 1 })
				if got := script.count(c); got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
				script.expect(test.asked...)
			})
		})
	}
}

// TestExpiredWithoutToken has a server that answers 410 to every token, without a new
// one. The number of requests is limited.
func TestExpiredWithoutToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := body(http.StatusGone, `{"kind":"Status","code":410}`)
		script := newScript(t, slices.Concat([]step{podPage("t1", "c"), gone, podPage("t1", "c")}, repeat(8, gone), threePages())...)
		c := script.counter(nil)
		_ = script.countFails(c, Expired) // it checks the reason
		script.expect("nodes", "pods", "pods?t1", "pods", "pods?t1", "pods?t1", "pods?t1", "pods?t1", "pods?t1", "pods?t1", "pods?t1", "pods?t1")
		if got := script.count(c); got != everyPage {
			t.Errorf("got  %s\nwant %s", got, everyPage)
		}
		script.expect("pods", "pods?t1", "pods?t2")
	})
}

// TestLongTokensAreNotSent has a server whose answers 410 have tokens that are longer than
// those of lists may be: they are as if there were none.
func TestLongTokensAreNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := strings.Repeat("t", maxTokenBytes+1)
		gone := body(http.StatusOK, `{"kind":"Status","code":410,"metadata":{"continue":"`+long+`"}}`)
		script := newScript(t, slices.Concat([]step{podPage("t1", "c"), gone, podPage("t1", "c")}, repeat(8, gone), threePages())...)
		c := script.counter(nil)
		if failure := script.countFails(c, Expired); failure.token != "" {
			t.Errorf("the failure keeps a token of %d bytes", len(failure.token))
		}
		script.expect(append([]string{"nodes", "pods", "pods?t1", "pods"}, slices.Repeat([]string{"pods?t1"}, 8)...)...)
		if got := script.count(c); got != everyPage {
			t.Errorf("got  %s\nwant %s", got, everyPage)
		}
	})
}

// TestTokensThatLeadNowhere shows that they are refused, and that the next count
// starts afresh.
func TestTokensThatLeadNowhere(t *testing.T) {
	empty := make([]step, 0, maxEmpty)
	for i := range maxEmpty {
		empty = append(empty, podPage("e"+strconv.Itoa(i)))
	}
	tests := []struct {
		name  string
		pods  []step
		asked int
	}{
		{"same token", []step{podPage("t1", "a"), podPage("t1", "a")}, 3},
		{"cycle", []step{podPage("t1", "a"), podPage("t2", "a"), podPage("t3", "a"), podPage("t1", "a")}, 5},
		{"endless empty pages", slices.Concat([]step{podPage("t1", "a")}, empty), 2 + maxEmpty},
		{"long token", []step{podPage(strings.Repeat("t", maxTokenBytes+1), "a")}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, slices.Concat(test.pods, threePages())...)
				c := script.counter(func(cfg *Config) { cfg.PageAttempts = 1 })
				_ = script.countFails(c, Malformed) // it checks the reason
				if len(script.asked) != test.asked {
					t.Errorf("%d requests, want %d", len(script.asked), test.asked)
				}
				if got := script.count(c); got != everyPage {
					t.Errorf("got  %s\nwant %s", got, everyPage)
				}
			})
		})
	}
}

func TestEmptyPageWithToken(t *testing.T) {
	script := newScript(t, slices.Insert(threePages(), 1, podPage("e1"), podPage("e2"))...)
	want := "a=2 b=1 c=1 unscheduled=1 unknown=0 pages=5 version=8 consistent=true"
	if got := script.count(script.counter(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestInconsistent(t *testing.T) {
	script := newScript(t, podPageAt("8", "t1", "a"), podPageAt("9", "", "a"))
	want := "a=2 b=0 c=0 unscheduled=0 unknown=0 pages=2 version=9 consistent=false"
	if got := script.count(script.counter(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestUnknownVersions has pages that do not name a resourceVersion.
func TestUnknownVersions(t *testing.T) {
	for _, version := range []string{"", "0"} {
		script := newScript(t, podPageAt(version, "", "a"))
		want := "a=1 b=0 c=0 unscheduled=0 unknown=0 pages=1 version=" + version + " consistent=false"
		if got := script.count(script.counter(nil)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestNodesAgain has a node join, and one leave, while the pods are counted.
func TestNodesAgain(t *testing.T) {
	script := newScript(t, podPage("t1", "a", "new"), podPage("", "new", "gone"))
	script.nodes = []step{nodePage("n1", "a"), nodePage("", "old"), nodePage("", "new"), nodePage("")}
	want := "a=1 new=2 old=0 unscheduled=0 unknown=1 pages=2 version=8 consistent=true"
	if got := script.count(script.counter(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	script.expect("nodes", "nodes?n1", "pods", "pods?t1", "nodes", "nodes")
	if got := script.query.Get("fieldSelector"); got != "metadata.name=gone" {
		t.Errorf("the last node was asked for with the selector %q", got)
	}
}

// TestOddNodesAreCountedOnce has the answer to a look-up hold other nodes too.
func TestOddNodesAreCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		odd := body(http.StatusOK, nodes(`[{"metadata":{"name":"a"},"status":{"allocatable":{"pods":"1e30"}}}]`))
		script := newScript(t, podPage("", "a", "b", "c"))
		script.nodes = []step{odd, odd, odd}
		snapshot, err := countOnce(t.Context(), script.counter(nil), &recorder{})
		if err != nil || snapshot.OddAllocatable != 1 || len(snapshot.Nodes) != 1 {
			t.Errorf("%d of %d nodes are odd, want 1 of 1: %v", snapshot.OddAllocatable, len(snapshot.Nodes), err)
		}
	})
}

// TestLookupStartsAfresh has the look-up of a node expire: the nodes that were listed stay,
// in what is shown and in the budget.
func TestLookupStartsAfresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("", "a", "new"))
		script.nodes = []step{nodePage("", "a", "old"), status(410, "t9"), nodePage("", "new")}
		c := script.counter(nil)
		want := "a=1 new=1 old=0 unscheduled=0 unknown=0 pages=1 version=8 consistent=true"
		if got := script.count(c); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got, want := c.account.snapshot, cost(5, len("aoldnewanew")); got != want {
			t.Errorf("the snapshot takes %d bytes, want %d", got, want)
		}
	})
}

// TestManyNodesAgain has more nodes join than are worth a request each.
func TestManyNodesAgain(t *testing.T) {
	names := []string{"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9", "n10"}
	script := newScript(t, podPage("", names...))
	script.nodes = []step{nodePage("", "a"), nodePage("", names...)}
	want := "n0=1 n1=1 n10=1 n2=1 n3=1 n4=1 n5=1 n6=1 n7=1 n8=1 n9=1 unscheduled=0 unknown=0 pages=1 version=8 consistent=true"
	if got := script.count(script.counter(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	script.expect("nodes", "pods", "nodes")
}

func TestQuery(t *testing.T) {
	script := newScript(t, threePages()...)
	script.count(script.counter(nil))
	want := map[string]string{"limit": "500", "timeout": "30s", "includeObject": "None", "continue": "t2",
		"fieldSelector": "status.phase!=Succeeded,status.phase!=Failed"}
	for name := range script.query {
		if script.query.Get(name) != want[name] {
			t.Errorf("sent %s=%q, want %q", name, script.query.Get(name), want[name])
		}
	}
	if len(script.query) != len(want) {
		t.Errorf("sent %v, want %v", script.query, want)
	}
}

// TestCancelledWait stops a count within a wait that the server asked for.
func TestCancelledWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("t1", "a", "b"), body(http.StatusTooManyRequests, "", "Retry-After", "50"), threePages()[1], threePages()[2])
		c := script.counter(nil)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		if snapshot, err := countOnce(ctx, c, &recorder{}); !errors.Is(err, context.DeadlineExceeded) || snapshot != nil {
			t.Errorf("got %s, %v", line(snapshot), err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("returned after %s, want at once after 10s", took)
		}
		if got := script.count(c); got != everyPage {
			t.Errorf("afterwards got %s, want %s", got, everyPage)
		}
		script.expect("nodes", "pods", "pods?t1", "pods?t1", "pods?t2")
	})
}

// TestCancelledRequest stops a count during a request: that is not a failure.
func TestCancelledRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("t1", "a", "b"), hang)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var seen recorder
		_, err := countOnce(ctx, script.counter(nil), &seen)
		var failure *PageError
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &failure) {
			t.Errorf("got %v, want the context's own error", err)
		}
		for _, page := range seen.pages {
			if page.Err != nil {
				t.Errorf("page %d was reported as failed: %v", page.Number, page.Err)
			}
		}
	})
}

// TestPageDeadline checks that the deadline covers the body, that fewer rows are
// requested afterwards, and that the connection is closed.
func TestPageDeadline(t *testing.T) {
	tests := []struct {
		name  string
		fault step
	}{
		{"no answer", hang},
		{"one byte a second", trickle},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, slices.Insert(threePages(), 0, repeat(4, test.fault)...)...)
				var seen recorder
				if _, err := countOnce(t.Context(), script.counter(nil), &seen); err != nil {
					t.Fatal(err)
				}
				if want := []int{500, 250, 125, 62, 50, 62, 248}; !slices.Equal(script.limits, want) {
					t.Errorf("asked for %v rows, want %v", script.limits, want)
				}
				if script.idle.Load() < 4 {
					t.Errorf("idle connections closed %d times, want 4 or more", script.idle.Load())
				}
				for _, page := range seen.pages[1:5] {
					if page.Duration != 30*time.Second || page.Err == nil || page.Err.Reason != Timeout {
						t.Errorf("attempt %d took %s: %v", page.Attempt, page.Duration, page.Err)
					}
				}
			})
		})
	}
}

func TestOversizedPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, slices.Insert(threePages(), 0, status(http.StatusRequestEntityTooLarge, ""))...)
		script.count(script.counter(nil))
		if want := []int{500, 250, 500, 500}; !slices.Equal(script.limits, want) {
			t.Errorf("asked for %v rows, want %v", script.limits, want)
		}
	})
}

// TestWaits checks the waits between attempts, and that Retry-After lengthens
// them.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, body(500, ""), body(503, "", "Retry-After", "7"),
			body(429, `{"kind":"Status","details":{"retryAfterSeconds":9},"code":429}`), body(500, ""), podPage("", "a"))
		var seen recorder
		if _, err := countOnce(t.Context(), script.counter(nil), &seen); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{0, 125 * time.Millisecond, 7 * time.Second, 9 * time.Second, time.Second, 0}
		for i, page := range seen.pages {
			if page.Wait != want[i] {
				t.Errorf("request %d: wait %s, want %s", i, page.Wait, want[i])
			}
		}
		if len(seen.pages) != len(want) {
			t.Errorf("%d requests, want %d", len(seen.pages), len(want))
		}
	})
}

// TestObserver checks that every request is reported once, with its result.
func TestObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("t1", "a", "b"), body(500, "oops"), podPage("", "a", "<none>", "c"))
		var seen recorder
		snapshot, err := countOnce(t.Context(), script.counter(nil), &seen)
		if err != nil {
			t.Fatal(err)
		}
		want := []Page{
			{Resource: Nodes, Number: 1, Attempt: 1, Limit: 500, Rows: 3, Total: 3},
			{Resource: Pods, Number: 1, Attempt: 1, Limit: 500, Rows: 2, Total: 2},
			{Resource: Pods, Number: 2, Attempt: 1, Limit: 500, Total: 2, Wait: 125 * time.Millisecond},
			{Resource: Pods, Number: 2, Attempt: 2, Limit: 500, Rows: 3, Total: 5},
		}
		var bytes int64
		for i, page := range seen.pages {
			bytes += page.Bytes
			if failed := page.Err != nil; failed != (i == 2) {
				t.Errorf("request %d: %v", i, page.Err)
			}
			page.Bytes, page.Err = 0, nil
			if i >= len(want) || page != want[i] {
				t.Errorf("request %d: %+v", i, page)
			}
		}
		if bytes != snapshot.Bytes {
			t.Errorf("the pages have %d bytes, the snapshot %d", bytes, snapshot.Bytes)
		}
	})
}
