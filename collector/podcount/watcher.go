package podcount

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// Defaults of WatchConfig.
const (
	DefaultAuditInterval = 30 * time.Minute
	DefaultNodesInterval = 5 * time.Minute
)

const (
	// fallbackLife is how long a cluster that cannot be watched is counted in list
	// mode before watching is tried again.
	fallbackLife = 10 * time.Minute
	// maxShortStreams is how many streams in a row may live shorter than shortStream
	// until the cluster counts as one that cannot be watched.
	maxShortStreams = 5
	shortStream     = time.Minute
	// maxShortSessions is the same for starts, each of which lists the pods.
	maxShortSessions = 5
	// maxDrifts is the same for audits that find a difference.
	maxDrifts = 2
	// maxStale is how many starts in a row may be inconsistent until a streamed one is
	// tried.
	maxStale = 2
)

// WatchConfig says how a cluster is followed. Start from DefaultWatchConfig.
type WatchConfig struct {
	AuditInterval time.Duration // between paged counts beside the streams; 0: none
	NodesInterval time.Duration // between lists of the nodes, for their allocatable pods
	// Lane is like that of Config, for the requests that open streams: one that never
	// gets an answer holds up no page.
	Lane chan struct{}
}

// DefaultWatchConfig returns the configuration that the flags default to.
func DefaultWatchConfig() WatchConfig {
	return WatchConfig{AuditInterval: DefaultAuditInterval, NodesInterval: DefaultNodesInterval}
}

// Validate returns an error that begins with the first field that cannot work and its value.
func (c WatchConfig) Validate() error {
	switch {
	case c.AuditInterval < 0:
		return fmt.Errorf("AuditInterval=%s: must not be negative", c.AuditInterval)
	case c.NodesInterval <= 0:
		return fmt.Errorf("NodesInterval=%s: must be positive", c.NodesInterval)
	}
	return nil
}

// Watcher follows one cluster: it lists the pods page by page once, and from then on
// adds and subtracts what the events say. It holds numbers per node and nothing of a
// pod. A cluster that cannot be watched is counted by its Counter.
type Watcher struct {
	*Counter
	watch   WatchConfig
	streams *http.Client
	lane    chan struct{}
	asked   chan struct{} // has a value when an audit is wanted now

	observer *serialObserver // of the Count under way

	former       *Watcher       // whose streams this one goes on with
	inherited    *live          // the state that an earlier Count left, to go on with
	account      *account       // of the names of live; those of paged counts have their own
	shortStreams map[string]int // in a row, by stream
	drifts       int            // audits in a row that found a difference
	owed         bool           // an audit, as the latest one found nothing out about these streams
	stale        int            // starts in a row that were inconsistent
	expired      *expired       // shared with the Watchers that go on with this one's streams
	listedUntil  time.Time      // the cluster cannot be watched until then; zero when that is over
	forbidden    bool           // that is for a refusal, which other credentials may not get
}

// NewWatcher returns a Watcher that lists with counter, and opens its streams through
// another client for the same server: a page that times out closes its connection,
// and would close the streams with it.
func NewWatcher(counter *Counter, streams *http.Client, cfg WatchConfig) (*Watcher, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Lane == nil {
		cfg.Lane = make(chan struct{}, 1)
	}
	return &Watcher{
		Counter: counter, watch: cfg, streams: streams, lane: cfg.Lane, asked: make(chan struct{}, 1),
		account: newAccount(counter.cfg.Budget), shortStreams: make(map[string]int), expired: new(expired),
	}, nil
}

// Audit has the cluster audited soon. It does not wait.
func (w *Watcher) Audit() {
	select {
	case w.asked <- struct{}{}:
	default:
	}
}

// Follow has the Watcher go on with the streams of another one for the same server,
// as Resume does for a Counter. Call it before the first Count.
func (w *Watcher) Follow(former *Watcher) {
	if former != w {
		w.former, w.expired = former, former.expired
		w.Resume(former.Counter)
	}
}

// unwatchableError is why a cluster cannot be watched.
type unwatchableError struct{ err error }

// Error is the text of the cause.
func (e *unwatchableError) Error() string { return e.err.Error() }

// Unwrap gives the cause.
func (e *unwatchableError) Unwrap() error { return e.err }

// Count follows the cluster until ctx ends, and publishes a Snapshot at the start,
// after each audit, and whenever events have changed it. Its error is that of
// Counter's Count: the cluster could not be listed. A cluster that cannot be watched
// is counted once, as by Counter.
func (w *Watcher) Count(ctx context.Context, observer Observer, publish func(*Snapshot)) error {
	if err := w.follow(ctx, observer, publish); !errors.Is(err, errListed) {
		return err
	}
	return w.Counter.Count(ctx, observer, publish)
}

// errListed says that the cluster is to be listed for a while.
var errListed = errors.New("the cluster cannot be watched at the moment")

// Again returns when to call Count again at the latest, after one that has ended, so
// that a cluster that could not be watched is. It is zero when there is no such time.
func (w *Watcher) Again() time.Time { return w.listedUntil }

// follow follows the cluster until that ends, or returns errListed.
func (w *Watcher) follow(ctx context.Context, observer Observer, publish func(*Snapshot)) error {
	if err := w.enter(ctx); err != nil {
		return err
	}
	defer w.leave()
	defer utilnet.CloseIdleConnectionsFor(w.streams.Transport) // a new start goes on with the connection
	w.observer = &serialObserver{next: observer, publish: publish}
	w.inherit()
	if time.Now().Before(w.listedUntil) {
		return errListed
	}
	w.listedUntil = time.Time{}
	err := w.sessions(ctx)
	var unwatchable *unwatchableError
	if !errors.As(err, &unwatchable) {
		return err
	}
	w.listedUntil, w.forbidden = time.Now().Add(fallbackLife), refusesWatch(unwatchable.err)
	clear(w.shortStreams)
	w.drifts, w.stale = 0, 0
	w.observer.Watched(Watched{Fallback: unwatchable.err})
	return errListed
}

// sessions runs one session after the other, until one ends with an error that a new start
// does not help.
func (w *Watcher) sessions(ctx context.Context) error {
	for short := 0; ; {
		followed, err := w.session(ctx)
		var restart *restartError
		switch {
		case errors.As(err, new(*unwatchableError)): // be it at the end of ctx, which is not waited for again
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.As(err, &restart):
			return err
		}
		if restart.reason == EndExpired && w.suspended != nil { // at the resourceVersion that has expired
			w.suspended.release()
			w.suspended = nil
		}
		if errors.Is(restart.err, errStillExpired) {
			w.stale = maxStale
		}
		if short++; followed >= shortStream {
			short = 0
		}
		if short >= maxShortSessions {
			return &unwatchableError{restart.err}
		}
		w.observer.Watched(Watched{Restart: &Restart{Reason: restart.reason, Err: restart.err}})
		if short == 0 {
			continue
		}
		if err := sleep(ctx, backoff(short, 0, w.cfg.Jitter())); err != nil {
			return err
		}
	}
}

// serialObserver passes on the calls of several goroutines, one after the other.
type serialObserver struct {
	mu      sync.Mutex
	next    Observer
	publish func(*Snapshot)
}

var _ Observer = (*serialObserver)(nil)

// Started passes it on.
func (i *serialObserver) Started(nodes int) { i.in(func() { i.next.Started(nodes) }) }

// Page passes it on.
func (i *serialObserver) Page(p Page) { i.in(func() { i.next.Page(p) }) }

// Event passes it on.
func (i *serialObserver) Event(e Event) { i.in(func() { i.next.Event(e) }) }

// Watched passes it on.
func (i *serialObserver) Watched(w Watched) { i.in(func() { i.next.Watched(w) }) }

// Publish publishes what make returns, unless that is nil. Both happen under the
// lock, so that snapshots are published in the order in which they are made.
func (i *serialObserver) Publish(make func() *Snapshot) {
	i.in(func() {
		if s := make(); s != nil {
			i.publish(s)
		}
	})
}

func (i *serialObserver) in(do func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	do()
}
