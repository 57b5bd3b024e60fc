package collector

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// mode is how the snapshot that is shown came about, and needs no scrape.
func (e *watched) mode() podcount.Mode {
	if snapshot := e.Store.Find("one").View().Snapshot; snapshot != nil {
		return snapshot.Mode
	}
	return ""
}

// TestWatchingIsTriedEveryTenMinutes has watches forbidden, a cache TTL of an hour and no
// scrape: watching is tried all the same, and not more often.
func TestWatchingIsTriedEveryTenMinutes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		opts := steady()
		opts.CacheTTL, opts.MaxStaleness = time.Hour, 3*time.Hour
		e := followWith(t, opts, func(*kubesim.Config, *watched) {})
		began, tries := time.Now(), map[time.Duration]bool{}
		e.tap.strike(func(r *http.Request) bool {
			if isWatch(r) {
				tries[time.Since(began).Round(time.Second)] = true
			}
			return isWatch(r)
		}, http.StatusForbidden)
		e.scrape("10")
		time.Sleep(55 * time.Minute)
		synctest.Wait()
		for i := range 6 {
			if !tries[time.Duration(i)*10*time.Minute] || len(tries) != 6 || e.mode() != podcount.ModeList {
				t.Fatalf("tries after %v, and mode %s; want one every ten minutes, and list", slices.Sorted(maps.Keys(tries)), e.mode())
			}
		}
		e.tap.strike(nil, 0)
		time.Sleep(5*time.Minute + time.Second)
		if e.mode() != podcount.ModeWatch {
			t.Errorf("mode %s ten minutes after the last try, want watch", e.mode())
		}
	})
}

// TestNoTryAfterItsCluster removes a cluster that is listed, and reloads another one.
func TestNoTryAfterItsCluster(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		e.tap.strike(isWatch, http.StatusForbidden)
		e.scrape("10")
		e.Store.Set()
		before, _ := e.tap.requests()
		time.Sleep(time.Hour)
		if after, _ := e.tap.requests(); after != before {
			t.Errorf("%d requests for a cluster that is gone", after-before)
		}
	})
}

// TestFallbackOfShortStreamsIsSaidOnce has every stream cut after half a minute, for hours:
// each try begins well.
func TestFallbackOfShortStreamsIsSaidOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		listed := 0
		for range 4 * 120 {
			time.Sleep(30 * time.Second)
			e.tap.strike(isWatch, 503)
			e.tap.strike(nil, 0)
			if labelled(e.scrape("10"), "pod_count_mode_info", `"list"`) == "1" {
				listed++
			}
		}
		if said, again := strings.Count(e.log.String(), notWatched().text), strings.Count(e.log.String(), following().text); said != 1 || again < 10 || listed < 200 {
			t.Errorf("said %d times, want once; followed %d times; listed at %d of 480 scrapes", said, again, listed)
		}
	})
}

// TestFallbackIsSaidOnce has watches fail for a day, each time for another reason, with a
// scrape a minute and reloads in between: the log says it once, and the mode all the time.
func TestFallbackIsSaidOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		said := func() int { return strings.Count(e.log.String(), notWatched().text) }
		for fall := 1; fall <= 2; fall++ {
			for hour, code := range slices.Repeat([]int{403, 404, 405, 503}, 3) {
				e.tap.strike(isWatch, code)
				for minute := range 60 {
					body := e.scrape("10")
					list, watch := labelled(body, "pod_count_mode_info", `"list"`), labelled(body, "pod_count_mode_info", `"watch"`)
					if settled := hour > 0 || minute > 5; settled && (list != "1" || watch != "absent") {
						t.Fatalf("hour %d, minute %d: pod_count_mode_info is %s for list, %s for watch", hour, minute, list, watch)
					}
					time.Sleep(time.Minute)
				}
				if hour == 5 {
					e.Store.Set(e.target())
				}
			}
			if got := said(); got != fall {
				t.Errorf("fallback %d: said %d times", fall, got)
			}
			e.tap.strike(nil, 0)
			time.Sleep(11 * time.Minute)
			if body := e.scrape("10"); labelled(body, "pod_count_mode_info", `"watch"`) != "1" {
				t.Errorf("not watched again: %v", series(body, "pod_count_mode_info"))
			}
		}
	})
}
