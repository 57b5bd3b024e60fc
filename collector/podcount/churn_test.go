package podcount

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// bound returns how many active pods nodes have now.
func (w *fakeAPI) bound() (sum int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pods, _ := w.truth(w.version)
	for _, n := range pods {
		sum += n
	}
	return sum
}

// churned returns by how many more pods were bound than left so far, and how often the
// cluster was listed anew.
func (w *watching) churned() (more, starts int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.why {
		if e.Restart != nil || e.Fallback != nil {
			starts++
		}
	}
	return w.bound - w.left, starts
}

// churns has pods change while streams are cut, refused, and repeat events, but never
// expire, and compares the pods that were bound and left with those that are there.
func (w *watching) churns(random *rand.Rand) {
	w.t.Helper()
	before := w.api.bound()
	told, starts := w.churned()
	w.api.do(func() { w.api.trouble, w.api.lasting = true, true })
	for range 20 {
		time.Sleep(time.Duration(random.ExpFloat64() * float64(45*time.Second)))
		w.api.do(w.api.change)
	}
	w.api.do(func() { w.api.trouble = false })
	time.Sleep(15 * time.Minute)
	w.api.do(func() { w.api.lasting = false }) // not before: answers to the last requests may have been late
	synctest.Wait()
	toldNow, startsNow := w.churned()
	if startsNow != starts { // what no stream showed is not in it
		w.t.Fatalf("the cluster was listed anew %d times where nothing expires: there is nothing to compare", startsNow-starts)
	}
	w.seen.Churns++
	if got, want := toldNow-told, w.api.bound()-before; got != want {
		w.t.Fatalf("the pods that were bound, less those that left, are %d, want %d", got, want)
	}
}

// TestChurnOverNewStarts has pods change while no stream sees it. They are not made up
// for: the pods that are told of are those that events said were bound or left.
func TestChurnOverNewStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
		told, _ := w.churned()
		api.outage(refusedWith(http.StatusServiceUnavailable))
		time.Sleep(time.Second)
		unseen := api.bound()
		for range 50 {
			api.do(api.change)
		}
		unseen = api.bound() - unseen
		api.do(func() { api.compacted = api.version })
		api.do(api.change)
		seen := api.bound()
		api.answerBy(nil)
		time.Sleep(2 * time.Minute)
		w.shows(ModeWatch)
		if more, starts := w.churned(); starts != 1 || more != told || unseen == 0 {
			t.Errorf("%d new starts and %+d pods, want 1 and 0: %+d changed unseen", starts, more-told, unseen)
		}
		for range 50 {
			api.do(api.change)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if more, _ := w.churned(); more-told != api.bound()-seen {
			t.Errorf("%+d pods, want %+d", more-told, api.bound()-seen)
		}
	})
}

// TestChurnIsToldOnce has a first page be read again, and events come before it is there:
// the stream that is replaced has told of them, and the one in its place sees them too.
func TestChurnIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.PageSize, cfg.MaxPageSize = 1, 1 })
		pages, began := 0, 0 // first ones
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			switch first := r.URL.Query().Get("continue") == ""; {
			case !lists(r, "pods"):
				return nil, nil
			case !first && pages == 1:
				began = api.bound()
				time.Sleep(time.Second) // the streams open
				return refusing(http.StatusGone)(r), nil
			case !first:
				return nil, nil
			}
			response, err := api.troubled.RoundTrip(r)
			for pages++; pages == 2 && api.bound() == began; time.Sleep(time.Second) {
				api.do(api.change)
			}
			return response, err
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
		if more, _ := w.churned(); pages != 2 || more != api.bound()-began || more == 0 {
			t.Errorf("%d first pages, and %+d pods, want 2 and %+d", pages, more, api.bound()-began)
		}
	})
}

// TestChurnOfAStartThatGoesOn has a start fail at a page, after its streams have told of
// events. The next one goes on at that page, with streams from where the first ones began.
func TestChurnOfAStartThatGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.PageSize, cfg.MaxPageSize, cfg.PageAttempts = 1, 1, 1 })
		began, failed := 0, false
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if !lists(r, "pods") || r.URL.Query().Get("continue") == "" || failed {
				return nil, nil
			}
			failed, began = true, api.bound()
			for api.bound() == began {
				api.do(api.change)
				time.Sleep(time.Second) // the streams tell of it
			}
			return nil, errRefused
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
		if more, _ := w.churned(); !failed || more != api.bound()-began || more == 0 {
			t.Errorf("failed: %t, and %+d pods, want %+d", failed, more, api.bound()-began)
		}
	})
}
