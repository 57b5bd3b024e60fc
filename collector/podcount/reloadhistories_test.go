package podcount

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// reloadHistories is how many histories have reloads.
const reloadHistories = 500

// TestRandomReloads follows small clusters like TestRandomHistories, from one Watcher to
// the next at any moment, be it amid a start or an audit, and while the former's count is
// still ending. In every other history the streams of bound pods lose one event in five
// meanwhile: audits find that, whoever makes them.
func TestRandomReloads(t *testing.T) {
	for seed := range max(uint64(10), reloadHistories/share) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHandover(t, seed)
				loses := seed%2 == 1
				h.lives(loses)
				h.api.do(func() { h.api.trouble = false })
				time.Sleep(50 * time.Minute) // a fallback ends, and two audits
				synctest.Wait()
				if h.mu.Lock(); loses {
					h.why = nil // what was lost is found
				}
				h.mu.Unlock()
				h.atTheEnd()
				h.stop()
				synctest.Wait()
			})
		})
	}
}

// handover follows a cluster with one Watcher after the other.
type handover struct {
	*watching
	random  *rand.Rand
	cfg     Config
	watch   WatchConfig
	watcher *Watcher
	publish func(*Snapshot)
	stop    func()
}

func newHandover(t *testing.T, seed uint64) *handover {
	t.Helper()
	h := &handover{
		watching: &watching{t: t, api: newFakeAPI(seed), seen: &coverage{}},
		random:   rand.New(rand.NewPCG(seed, 3)), cfg: DefaultConfig(),
	}
	h.cfg.PageSize, h.cfg.MaxPageSize = 1+h.random.IntN(12), 12
	h.cfg.Jitter = func() float64 { return 0.3 }
	h.watch = WatchConfig{AuditInterval: time.Duration(1+h.random.IntN(9)) * time.Minute, NodesInterval: time.Minute}
	h.api.trouble = true
	return h
}

// lives has the cluster change, and its Watchers follow each other.
func (h *handover) lives(loses bool) {
	h.t.Helper()
	h.publish = h.watching.publish
	if loses {
		h.publish = h.keep
	}
	h.watcher = newWatcher(h.t, h.cfg, h.api, h.watch)
	h.stop = counting(h.t, h.watcher, h, h.publish)
	for range h.random.IntN(160) {
		time.Sleep(time.Duration(h.random.ExpFloat64() * float64(4*time.Second)))
		h.api.do(func() {
			h.api.change()
			if loses && h.random.IntN(5) == 0 {
				h.api.dropped = h.api.version
			}
			if h.random.IntN(10) == 0 {
				h.api.compacted = h.api.version - h.random.IntN(20)
			}
		})
		if h.random.IntN(12) == 0 {
			h.reload()
		}
	}
}

// reload hands the cluster over to another Watcher.
func (h *handover) reload() {
	h.t.Helper()
	if stop := h.stop; h.random.IntN(2) == 0 {
		stop()
	} else {
		go stop()
	}
	next := newWatcher(h.t, h.cfg, h.api, h.watch)
	next.Follow(h.watcher)
	h.watcher = next
	h.stop = counting(h.t, next, h, h.publish)
}
