package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A caller before the beginning of a reload shares it; a later caller gets another
// one.
func TestReloadQueue(t *testing.T) {
	var q reloadQueue
	now := time.Now()
	one, first := q.join("request", now)
	if !first {
		t.Error("the first does not make the reload")
	}
	for _, cause := range []string{"hangup", "request"} {
		if other, first := q.join(cause, now); first || other != one {
			t.Errorf("%s does not share the reload", cause)
		}
	}
	if causes, want := q.begin(), []string{"hangup", "request"}; !reflect.DeepEqual(causes, want) {
		t.Errorf("causes %q, want %q", causes, want)
	}
	if other, first := q.join("request", now); !first || other == one {
		t.Error("a reload that has begun is shared")
	}
}

// A few reloads begin at once, and each later one a second after the one before. After
// a while without any, there are a few again.
func TestReloadQueueHasAPace(t *testing.T) {
	q := reloadQueue{pause: time.Second}
	now := time.Now()
	waits := func(after time.Duration, n int) (waits []time.Duration) {
		now = now.Add(after)
		for range n {
			next, _ := q.join("request", now)
			q.begin()
			waits = append(waits, max(0, next.wait))
			now = now.Add(max(0, next.wait))
		}
		return waits
	}
	for _, tt := range []struct {
		after time.Duration
		want  []time.Duration
	}{
		{0, []time.Duration{0, 0, 0, 0, 0, time.Second, time.Second}},
		{time.Second / 2, []time.Duration{time.Second / 2, time.Second}},
		{2 * time.Second, []time.Duration{0, 0, time.Second}},
		{time.Hour, []time.Duration{0, 0, 0, 0, 0, time.Second}},
	} {
		if got := waits(tt.after, len(tt.want)); !slices.Equal(got, tt.want) {
			t.Errorf("after %v: %v, want %v", tt.after, got, tt.want)
		}
	}
}

// Clients that ask without a pause share one reload a second, after the first few.
func TestReloadsAreFew(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	log := newLogSink()
	a := opened(t, log, "--kubeconfig="+write(t, "kubeconfig", contextOf("a", at(server.URL), "")))
	began := time.Now()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range reloadsAtOnce + 2 {
				if err := a.fleet.reload("request"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	most := reloadsAtOnce + 1 + int(time.Since(began)/reloadPause)
	if begun := strings.Count(log.String(), `msg="Reloading the kubeconfigs"`); begun > most {
		t.Errorf("%d reloads, want %d at most", begun, most)
	}
}

// What has changed is read at once, however often that is. Then there is no more than one
// pause until the next.
func TestReloadsOfChangesDoNotWait(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	path := write(t, "kubeconfig", contextOf("a", at(server.URL), ""))
	a := opened(t, io.Discard, "--kubeconfig="+path)
	a.fleet.queue.pause = time.Hour
	for i := range 2 * reloadsAtOnce {
		put(t, path, contextOf(fmt.Sprint("b", i), at(server.URL), ""))
		if err := a.fleet.reload("request"); err != nil {
			t.Error(err)
		}
	}
	if next, _ := a.fleet.queue.join("request", time.Now()); next.wait > time.Hour {
		t.Errorf("the next one waits for %v", next.wait)
	}
}

// opened is the program without its server.
func opened(t testing.TB, log io.Writer, args ...string) *app {
	t.Helper()
	flags, _, err := parseFlags(append([]string{"--web.listen-address=127.0.0.1:0"}, args...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	a, err := newApp(ctx, flags, noEnv(), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.cancel)
	return a
}

// Many reloads at once are one, and each reports its result.
func TestReloadsAtOnceAreOne(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	path := write(t, "kubeconfig", contextOf("a", at(server.URL), ""))
	log := newLogSink()
	a := opened(t, log, "--kubeconfig="+path)
	const many = 20
	errs := make([]error, many)
	a.fleet.mu.Lock() // as if a reload were under way
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() { errs[i] = a.fleet.reload(fmt.Sprint("cause ", i%2)) })
	}
	for giveUp := time.Now().Add(patience); a.fleet.queue.asked() < many; time.Sleep(time.Millisecond) {
		if time.Now().After(giveUp) {
			t.Fatalf("%d have asked", a.fleet.queue.asked())
		}
	}
	put(t, path, "contexts: [") // after they have asked, and before it begins
	a.fleet.mu.Unlock()
	group.Wait()
	for i, err := range errs {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("reload %d ended with %v", i, err)
		}
	}
	if begun := strings.Count(log.String(), `msg="Reloading the kubeconfigs" cause="cause 0, cause 1"`); begun != 1 {
		t.Errorf("%d reloads:\n%s", begun, log)
	}
}

// asked returns how many callers share the next reload.
func (q *reloadQueue) asked() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.next == nil {
		return 0
	}
	return len(q.next.causes)
}
