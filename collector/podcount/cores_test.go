package podcount

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// oneCore is a single core, which nobody may have when the test ends.
func oneCore(t *testing.T) *Cores {
	cores := NewCores(1)
	t.Cleanup(func() {
		if len(cores.taken) != 0 {
			t.Error("a core is still taken")
		}
	})
	return cores
}

// decoded reads an answer at one of the cores. item reads each item.
func decoded(t *testing.T, cores *Cores, body io.Reader, own *account, item func(*decoder) error, header ...string) (*exchange, *PageError) {
	x := newExchange(t.Context(), time.Minute, make(chan struct{}, 1), nil)
	defer x.close()
	x.connecting.Store(true) // or it would be the credentials that are late
	x.body.seat = cores.seat(x.ctx)
	response := answerWith(nil, http.StatusOK, io.NopCloser(body), header...)
	_, failure := x.read(response, body, content{kind: "PodList", item: item}, own)
	return x, failure
}

// listOf has items without anything in them.
func listOf(items int) string {
	return `{"kind":"PodList","metadata":{},"items":[` + strings.Repeat("{},", items-1) + `{}]}`
}

// eventsOf has as many bookmarks, each one later than the one before.
func eventsOf(events int) string {
	var text strings.Builder
	for i := range events {
		fmt.Fprintf(&text, `{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"%d"}}}`, 101+i)
	}
	return text.String()
}

// countingEvents is told of each event.
type countingEvents struct {
	recorder
	each func()
}

func (c *countingEvents) Event(Event) { c.each() }

// TestCoresAreShared has long answers and a short one that comes last, and one core. No
// answer is decoded beside another, and the short one does not wait for the ends of the
// others, however small they are when packed.
func TestCoresAreShared(t *testing.T) {
	const others, long = 10, 60_000
	zip := []string{"Content-Encoding", "gzip"}
	list := func(text string, header ...string) func(t *testing.T, cores *Cores, each func()) {
		return func(t *testing.T, cores *Cores, each func()) {
			item := func(d *decoder) error {
				each()
				return d.skip()
			}
			if _, failure := decoded(t, cores, strings.NewReader(text), nil, item, header...); failure != nil {
				t.Error(failure)
			}
		}
	}
	events := func(text string, header ...string) func(t *testing.T, cores *Cores, each func()) {
		return func(t *testing.T, cores *Cores, each func()) {
			w := newWatcher(t, DefaultConfig(), nil, DefaultWatchConfig())
			w.observer = &serialObserver{next: &countingEvents{each: each}}
			l, s := streamAt("100", false)
			x := openExchange(t)
			x.body.r, x.body.seat = strings.NewReader(text), cores.seat(x.ctx)
			if err := w.events(x, l, s, answerWith(nil, 200, nil, header...).Header); !errors.Is(err, io.EOF) {
				t.Error(err)
			}
		}
	}
	wide := strings.Replace(listOf(long), "{}", `{"a":"`+strings.Repeat("x", 40_000)+`"}`, 1) // its buffer is kept
	for name, tt := range map[string]struct {
		decode func(t *testing.T, cores *Cores, each func())
		bytes  int // of an item or event
		short  int // items of the short answer
	}{
		"lists":                           {list(listOf(long)), 3, 3000},
		"packed lists":                    {list(string(zipped(t, listOf(long))), zip...), 3, 3000},
		"packed lists with a longer item": {list(string(zipped(t, wide)), zip...), 3, 20_000},
		"streams":                         {events(eventsOf(long / 10)), 70, 3000},
		"packed streams":                  {events(string(zipped(t, eventsOf(long/10))), zip...), 70, 3000},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cores := NewCores(1)
				var inside atomic.Int32
				alone := func() {
					if inside.Add(1) > 1 {
						t.Error("two are decoded at once")
					}
					runtime.Gosched()
					inside.Add(-1)
				}
				var ended sync.WaitGroup
				elsewhere, before := 0, 0 // guarded by the core
				cores.taken <- struct{}{}
				for range others {
					ended.Go(func() { tt.decode(t, cores, func() { alone(); elsewhere++ }) })
					synctest.Wait() // they ask in this order
				}
				ended.Go(func() {
					list(listOf(tt.short))(t, cores, func() { alone(); before = elsewhere })
				})
				synctest.Wait()
				<-cores.taken
				ended.Wait()
				// All began alike, so they are as far as the short one, or some turns further.
				if most := others * (tt.short*3/tt.bytes + 5*stintBytes/tt.bytes); before > most {
					t.Errorf("the short answer ended after %d items of others, want %d at most of %d", before, most, elsewhere)
				}
				if len(cores.taken) != 0 {
					t.Error("a core is still taken")
				}
			})
		})
	}
}

// TestWhoWaitsTakesNoCore has answers that stop, and values that wait for a place. Another
// answer is read meanwhile.
func TestWhoWaitsTakesNoCore(t *testing.T) {
	packed := string(zipped(t, listOf(10_000)))
	for name, tt := range map[string]struct {
		text   string
		header []string
	}{
		"for the first byte":       {"", nil},
		"for the first one packed": {"", []string{"Content-Encoding", "gzip"}},
		"within an answer":         {listOf(100)[:100], nil},
		"within a packed one":      {packed[:len(packed)-10], []string{"Content-Encoding", "gzip"}},
		"for a place":              {podNamed(usualValueBytes + 1000), nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cores, budget, over := NewCores(1), NewBudget(128<<20), make(chan struct{})
				for range budget.rooms[1].places {
					(&turn{account: newAccount(budget), exchange: openExchange(t)}).enter()
				}
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					body := io.MultiReader(strings.NewReader(tt.text), until(over))
					if _, failure := decoded(t, cores, body, newAccount(budget), (*decoder).skip, tt.header...); failure == nil {
						t.Error("half an answer is taken for a whole one")
					}
				}()
				synctest.Wait()
				if len(cores.taken) != 0 {
					t.Error("who waits has a core")
				}
				began := time.Now()
				if _, failure := decoded(t, cores, strings.NewReader(listOf(3)), newAccount(budget), (*decoder).skip); failure != nil || time.Since(began) > 0 {
					t.Errorf("another answer took %s: %v", time.Since(began), failure)
				}
				close(over)
				<-ended
				if len(cores.taken) != 0 {
					t.Error("a core is still taken")
				}
			})
		})
	}
}

// TestCoresAreGivenBack has answers that end early.
func TestCoresAreGivenBack(t *testing.T) {
	panics := func(*decoder) error { panic("a row") }
	for name, tt := range map[string]struct {
		body   io.Reader
		item   func(*decoder) error
		header []string
		want   Reason // of the failure
	}{
		"whole":              {strings.NewReader(listOf(3)), (*decoder).skip, nil, ""},
		"no JSON":            {strings.NewReader("{]"), (*decoder).skip, nil, Malformed},
		"another media type": {strings.NewReader("{}"), (*decoder).skip, []string{"Content-Type", "text/html"}, Malformed},
		"another coding":     {strings.NewReader("{}"), (*decoder).skip, []string{"Content-Encoding", "br"}, Malformed},
		"not packed":         {strings.NewReader("{}"), (*decoder).skip, []string{"Content-Encoding", "gzip"}, Malformed},
		"cut":                {io.MultiReader(strings.NewReader(listOf(3)[:20]), cutReader{}), (*decoder).skip, nil, Network},
		"a panic":            {strings.NewReader(listOf(3)), panics, nil, ""},
		"a panic below":      {panicReader{}, (*decoder).skip, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cores := NewCores(1)
			func() {
				defer func() { _ = recover() }()
				_, failure := decoded(t, cores, tt.body, nil, tt.item, tt.header...)
				if got := failure; (got == nil) != (tt.want == "") || got != nil && got.Reason != tt.want {
					t.Errorf("ended with %v, want %s", got, tt.want)
				}
			}()
			if len(cores.taken) != 0 {
				t.Error("a core is still taken")
			}
		})
	}
}

type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

type panicReader struct{}

func (panicReader) Read([]byte) (int, error) { panic("the transport") }

// TestWaitsForACoreEnd has the only core taken for longer than an answer may take, from
// the beginning of one, or from within it.
func TestWaitsForACoreEnd(t *testing.T) {
	for name, within := range map[string]bool{"before the answer": false, "within it": true} {
		for _, header := range [][]string{nil, {"Content-Encoding", "gzip"}} {
			t.Run(fmt.Sprint(name, header), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cores, text, taken := NewCores(1), listOf(20_000), false
					body := io.Reader(strings.NewReader(text))
					if header != nil {
						body = strings.NewReader(string(zipped(t, text)))
					}
					takeIt := func() {
						taken = true
						go func() { cores.taken <- struct{}{} }()
						synctest.Wait() // it comes next
					}
					if !within {
						takeIt()
					}
					began := time.Now()
					x, failure := decoded(t, cores, body, nil, func(d *decoder) error {
						if !taken {
							takeIt()
						}
						return d.skip()
					}, header...)
					if failure == nil || failure.Reason != Timeout || time.Since(began) != time.Minute {
						t.Errorf("after %s: %v", time.Since(began), failure)
					}
					if len(cores.taken) != 1 || x.body.seat.taken {
						t.Error("a core that another one has was given back")
					}
				})
			})
		}
	}
}

// countingReads counts how often it is read from.
type countingReads struct {
	io.Reader
	reads int
}

func (c *countingReads) Read(p []byte) (int, error) {
	c.reads++
	return c.Reader.Read(p)
}

// TestLongValuesTakeFewReads has values of many lengths: the longest takes few times as many
// reads as one of 64 KiB.
func TestLongValuesTakeFewReads(t *testing.T) {
	for _, size := range []int{1 << 10, 64 << 10, maxValueBytes - 1<<10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			body := &countingReads{Reader: strings.NewReader(`{"kind":"PodList","metadata":{},"items":[{"x":"` + strings.Repeat("y", size) + `"}]}`)}
			if _, failure := decoded(t, nil, body, newAccount(nil), func(d *decoder) error { return d.skip() }); failure != nil {
				t.Fatal(failure)
			}
			if most := 100; body.reads > most {
				t.Errorf("%d reads, want %d at most", body.reads, most)
			}
		})
	}
}
