package podcount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fakeAPI is a small API server that keeps every pod and every change, so that the
// counts at any resourceVersion are known without counting. While it has trouble, it
// spoils its answers in ways that real servers do.
type fakeAPI struct {
	mu        sync.Mutex
	random    *rand.Rand
	trouble   bool
	lasting   bool // what streams begin at does not expire, whatever the trouble
	version   int
	compacted int
	readable  bool // pages of what is compacted: only the cache of events has forgotten it
	log       []fakeChange
	pods      map[string]fakePod
	nodes     map[string]fakePod
	changed   chan struct{}
	forgetful bool // no token can be continued while there is trouble
	newerOnly bool // no bookmark is sent that is no newer than the beginning of its stream
	done      done // what it has done to its clients
	dropped   int  // the stream of bound pods leaves out this event; 0: none
}

type fakePod struct {
	node     string // of a pod
	finished bool
	version  int // of the change that made it so
}

type fakeChange struct {
	version  int
	nodes    bool
	key      string
	old, new *fakePod
}

func newFakeAPI(seed uint64) *fakeAPI {
	w := &fakeAPI{
		random: rand.New(rand.NewPCG(seed, 1)), version: 100, compacted: 1, changed: make(chan struct{}),
		pods: map[string]fakePod{}, nodes: map[string]fakePod{},
	}
	w.forgetful = w.random.IntN(10) == 0
	for i := range 1 + w.random.IntN(5) {
		w.set(true, fmt.Sprintf("n%d", i), &fakePod{})
	}
	for range w.random.IntN(40) {
		w.change()
	}
	return w
}

// set makes value (nil: deleted) the newest of a key.
func (w *fakeAPI) set(nodes bool, key string, value *fakePod) {
	objects := w.pods
	if nodes {
		objects = w.nodes
	}
	c := fakeChange{nodes: nodes, key: key, new: value}
	if old, there := objects[key]; there {
		c.old = &old
	}
	w.version += 1 + w.random.IntN(3) // other resources have versions too
	c.version = w.version
	if value != nil {
		value.version = c.version
	}
	w.log = append(w.log, c)
	if value == nil {
		delete(objects, key)
	} else {
		objects[key] = *value
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// change does one random thing.
func (w *fakeAPI) change() {
	key := fmt.Sprintf("p%02d", w.random.IntN(30))
	pod, there := w.pods[key]
	node := fmt.Sprintf("n%d", w.random.IntN(6)) // which may not exist
	switch what := w.random.IntN(20); {
	case what == 0:
		w.set(true, node, &fakePod{})
	case what == 1 && len(w.nodes) > 1:
		if _, exists := w.nodes[node]; exists {
			w.set(true, node, nil)
		}
	case !there:
		w.set(false, key, &fakePod{node: pick(w.random, "", node)})
	case what < 5:
		w.set(false, key, nil)
	case pod.node == "":
		w.set(false, key, &fakePod{node: node})
	case what < 9:
		w.set(false, key, &fakePod{node: pod.node, finished: !pod.finished})
	default:
		w.set(false, key, &pod)
	}
}

func pick[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }

// at returns the objects as they were at a version.
func (w *fakeAPI) at(version int, nodes bool) map[string]fakePod {
	objects := map[string]fakePod{}
	for _, c := range w.log {
		switch {
		case c.version > version:
			return objects
		case c.nodes != nodes:
		case c.new == nil:
			delete(objects, c.key)
		default:
			objects[c.key] = *c.new
		}
	}
	return objects
}

// truth are the active pods of each node at a version, and those without a node.
func (w *fakeAPI) truth(version int) (bound map[string]int, unbound int) {
	bound = map[string]int{}
	for _, pod := range w.at(version, false) {
		switch {
		case pod.finished:
		case pod.node == "":
			unbound++
		default:
			bound[pod.node]++
		}
	}
	return bound, unbound
}

// RoundTrip answers lists and watches.
func (w *fakeAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	getConn(r.Context())
	query := r.URL.Query()
	nodes := strings.HasSuffix(r.URL.Path, "/nodes")
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.trouble {
		if hostileAPI := w.spoil(r); hostileAPI != nil {
			return hostileAPI(r)
		}
	}
	if query.Get("watch") != "" {
		return w.watch(r, nodes), nil
	}
	return w.list(r, nodes), nil
}

// spoil returns a failure of the request as a whole; nil: it is answered.
func (w *fakeAPI) spoil(r *http.Request) step {
	watch := r.URL.Query().Get("watch") != ""
	if delay := time.Duration(w.random.IntN(2000)) * time.Millisecond; w.random.IntN(4) == 0 {
		w.done.Delays++
		w.mu.Unlock()
		_ = sleep(r.Context(), delay)
		w.mu.Lock()
	}
	switch w.random.IntN(30) {
	case 0:
		w.done.Refusals++
		return func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }
	case 1:
		w.done.Unavailable++
		return body(http.StatusServiceUnavailable, `{"kind":"Status","code":503}`)
	case 2:
		w.done.Throttled++
		return body(http.StatusTooManyRequests, `{"kind":"Status","code":429}`, "Retry-After", "1")
	case 3:
		if watch && !w.lasting {
			w.done.GoneStatus++
			return body(http.StatusGone, `{"kind":"Status","code":410,"reason":"Expired"}`)
		}
	}
	return nil
}

func (w *fakeAPI) list(r *http.Request, nodes bool) *http.Response {
	query := r.URL.Query()
	version, after := w.version, ""
	if token := query.Get("continue"); token != "" {
		number, key, _ := strings.Cut(token, ":")
		version, _ = strconv.Atoi(number)
		after = key
		fresh := version == 0
		if fresh {
			version = w.version
		}
		if version < w.compacted && !w.readable || w.forgetful && w.trouble && !fresh {
			w.done.GoneTokens++
			return answerWith(r, http.StatusGone, reader(fmt.Sprintf(`{"kind":"Status","code":410,"metadata":{"continue":"0:%s"}}`, key)))
		}
	}
	limit, _ := strconv.Atoi(query.Get("limit"))
	objects := w.at(version, nodes)
	var rows []string
	next := ""
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		object := objects[key]
		switch {
		case key <= after || object.finished || !asksFor(query, nodes, key, object):
		case len(rows) == limit:
			next = fmt.Sprintf("%d:%s", version, after)
		case nodes:
			labels := ""
			if key == labelled {
				labels = `"zone":"x"`
			}
			rows, after = append(rows, fmt.Sprintf(`{"metadata":{"name":%q,"labels":{%s}},"status":{"allocatable":{"pods":"1%s"}}}`, key, labels, key[1:])), key
		default:
			rows, after = append(rows, tableRowOf(key, object, false)), key
		}
	}
	meta := fmt.Sprintf(`"metadata":{"resourceVersion":"%d","continue":%q}`, version, next)
	if nodes {
		return answerWith(r, http.StatusOK, reader(fmt.Sprintf(`{"kind":"NodeList",%s,"items":[%s]}`, meta, strings.Join(rows, ","))))
	}
	return answerWith(r, http.StatusOK, reader(fmt.Sprintf(`{"kind":"Table",%s,%s,"rows":[%s]}`, meta, definitions(false), strings.Join(rows, ","))))
}

// labelled is the only node with the label zone=x.
const labelled = "n1"

// asksFor says whether a request selects an object, by its node or, of nodes, by name
// or label.
func asksFor(query url.Values, nodes bool, key string, object fakePod) bool {
	first, _, _ := strings.Cut(query.Get("fieldSelector"), ",")
	if nodes {
		name, one := strings.CutPrefix(first, "metadata.name=")
		return (!one || key == name) && (query.Get("labelSelector") != "zone=x" || key == labelled)
	}
	name, one := strings.CutPrefix(first, "spec.nodeName=")
	return !one || name == "" || object.node == name
}

func reader(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

func definitions(swapped bool) string {
	if swapped {
		return `"columnDefinitions":[{"name":"Node"},{"name":"Name"}]`
	}
	return `"columnDefinitions":[{"name":"Name"},{"name":"Node"}]`
}

func tableRowOf(key string, pod fakePod, swapped bool) string {
	node, conditions := pod.node, ""
	if node == "" {
		node = noNode
	}
	if pod.finished {
		conditions = `,"conditions":[{"type":"Completed","status":"True"}]`
	}
	if swapped {
		key, node = node, key
	}
	return fmt.Sprintf(`{"cells":[%q,%q]%s,"object":null}`, key, node, conditions)
}

// watch begins a stream. w.mu is held.
func (w *fakeAPI) watch(r *http.Request, nodes bool) *http.Response {
	query := r.URL.Query()
	from, _ := strconv.Atoi(query.Get("resourceVersion"))
	in, out := io.Pipe()
	s := &fakeStream{
		api: w, nodes: nodes, bound: !strings.HasPrefix(query.Get("fieldSelector"), "spec.nodeName=,"), query: query,
		from: from, initial: query.Get("sendInitialEvents") == "true", out: out,
		columnsAt: 0, cut: -1,
	}
	if s.initial {
		w.done.Streamed++
	}
	if w.trouble {
		w.done.Streams++
		s.columnsAt, s.raw, s.swapped = w.random.IntN(3), w.random.IntN(4) == 0, w.random.IntN(2) == 0
		if w.random.IntN(2) == 0 {
			s.cut = w.random.IntN(30)
		}
	}
	if s.raw {
		w.done.Raw++
	}
	if s.columnsAt > 0 && !s.raw {
		w.done.LateColumns++
	}
	go s.run(r.Context())
	return answerWith(r, http.StatusOK, in)
}

// pace waits for the next change or for a while. It returns false when the stream
// ends.
func pace(ctx context.Context, changed <-chan struct{}, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	return true
}

// CloseIdleConnections has none to close.
func (w *fakeAPI) CloseIdleConnections() {}
