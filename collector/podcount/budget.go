package podcount

import (
	"math"
	"runtime"
	"sync"
	"time"
)

// Budget is what all clusters of a process may take together: memory for the names of
// nodes, including those of snapshots that are kept, for continue tokens and for recorded
// events, and places for some unusually large values at a time. A nil Budget is unlimited. It is safe
// for concurrent use.
type Budget struct {
	mu      sync.Mutex
	total   int64
	cluster int64 // that each cluster takes besides
	free    int64
	held    map[*int64]struct{} // what each cluster holds
	rooms   []*room             // the smallest values first
}

const (
	// clusterBytes is what a cluster may take in memory besides its names: a connection
	// with its buffers, a request and its answer that waits, and the cluster's own series.
	clusterBytes = 96 << 10
	// stepBytes is how much is taken at once: to admit a step is work for each cluster.
	stepBytes = 4 << 10
)

// NewBudget gives names half of memoryLimit, in bytes, as debug.SetMemoryLimit
// returns it, less 96 KiB for each cluster, but a quarter at least; nil where there is no
// limit (math.MaxInt64).
func NewBudget(memoryLimit int64) *Budget {
	if memoryLimit == math.MaxInt64 {
		return nil
	}
	names := memoryLimit / 2
	return &Budget{total: names, cluster: clusterBytes, free: names, held: make(map[*int64]struct{}), rooms: newRooms()}
}

// account is one cluster's part of a Budget: the share that it holds, and its way to the
// rooms for large values.
type account struct {
	budget   *Budget
	held     *int64        // guarded by the budget's lock
	snapshot int64         // that the latest snapshot takes
	pace     time.Duration // how long its large values have taken of late; guarded by that lock, too
}

func newAccount(b *Budget) *account {
	a := &account{budget: b, held: new(int64)}
	if b != nil { // a cluster that goes gives back what it holds
		runtime.AddCleanup(a, b.leave, a.held)
	}
	return a
}

// leave is for a cluster that will not be counted through this account: it takes no part of
// the budget any more.
func (a *account) leave() {
	if a.budget != nil {
		a.budget.leave(a.held)
	}
}

func (b *Budget) leave(held *int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += *held
	*held = 0
	delete(b.held, held)
}

// resize changes held to want, if there is room. The first time, held enters the budget: a
// Counter that never counts has no share. Who counts alone can take all, so begin the first
// counts of clusters at once.
func (b *Budget) resize(held *int64, want int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held[held] = struct{}{}
	if want > *held && !b.admits(held, want) {
		return false
	}
	b.free -= want - *held
	*held = want
	return true
}

// admits says whether there is room. Half of it is shared equally, and each cluster has its
// share, however much the others want. All that exceeds shares must fit into the other half,
// first come, first served. Clusters that come later make room and shares smaller; then up
// to a quarter more than the whole budget is given out, so that they find theirs.
func (b *Budget) admits(held *int64, want int64) bool {
	clusters := int64(len(b.held))
	room := max(b.total/2, b.total-b.cluster*clusters)
	share := room / 2 / clusters
	if want <= share {
		return b.free-(want-*held) >= -b.total/4
	}
	beyond := want - share
	for other := range b.held {
		if other != held {
			beyond += max(0, *other-share)
		}
	}
	return beyond <= room/2
}

// open begins a count. Up to the size of the latest snapshot, it does not compete
// with other clusters.
func (a *account) open() *ledger {
	a.fit(0)
	return &ledger{account: a, giveWay: func() {}}
}

// keep ends a count whose snapshot replaces the one before.
func (a *account) keep(l *ledger) {
	a.snapshot = l.used
	a.fit(0)
}

func (a *account) fit(used int64) bool {
	steps := (max(a.snapshot, used) + stepBytes - 1) / stepBytes
	return a.budget == nil || a.budget.resize(a.held, steps*stepBytes)
}

// ledger is what one count takes of the account.
type ledger struct {
	account *account
	used    int64
	giveWay func() // gives back what can be spared
}

func (l *ledger) take(bytes int64) bool {
	if l.takeSpare(bytes) {
		return true
	}
	l.giveWay()
	return l.takeSpare(bytes)
}

// takeSpare is for what is given back when names need the room.
func (l *ledger) takeSpare(bytes int64) bool {
	if !l.account.fit(l.used + bytes) {
		return false
	}
	l.used += bytes
	return true
}

// giveBack cannot fail: it takes less.
func (l *ledger) giveBack(bytes int64) { l.takeSpare(-bytes) }

// budgetError says that a count exceeded a fixed budget. Neither going on nor an
// immediate retry can help.
type budgetError string

// Error names the budget.
func (e budgetError) Error() string { return string(e) }
