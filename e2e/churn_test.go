//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	churnWorkers = 16
	// leastRate is how many changes a second are worth following. Two cores make 500.
	leastRate = 100
	// leastOfKind is how many of each kind there must be in a run.
	leastOfKind = 30
)

// What the churn does to pods.
const (
	podCreated   = "created without a node"
	podPlaced    = "created on a node"
	podRecreated = "created again under the same name"
	podBound     = "bound"
	podRuns      = "runs"
	podSucceeds  = "succeeds"
	podFails     = "fails"
	podRunsAgain = "runs again after it failed"
	podTouched   = "touched"
	podDeleted   = "deleted"
	podForced    = "deleted by force"
	podEvicted   = "evicted"
)

func churnKinds() []string {
	return []string{
		podCreated, podPlaced, podRecreated, podBound, podRuns, podSucceeds, podFails, podRunsAgain, podTouched, podDeleted, podForced, podEvicted,
	}
}

// churn changes pods, and counts what it did by its kind. A pod that is created again
// is one of both kinds.
type churn struct {
	churners []*churner
	lasted   time.Duration
	mu       sync.Mutex
	changes  int
	kinds    map[string]int
}

func newChurn(cp *controlPlane, seed uint64) *churn {
	c := &churn{kinds: map[string]int{}}
	nodes := slices.Sorted(maps.Keys(cp.truth.Nodes))
	for number := range uint64(churnWorkers) {
		w := &churner{churn: c, api: cp.api, nodes: nodes, random: rand.New(rand.NewPCG(seed, number)), pods: make([]churned, 20)}
		for i := range w.pods {
			w.pods[i].name = fmt.Sprintf("churn-%d-%d", number, i)
		}
		c.churners = append(c.churners, w)
	}
	return c
}

// during changes pods while do runs. When it returns, nothing is changed any more.
func (c *churn) during(t *testing.T, do func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for _, w := range c.churners {
		workers.Go(func() { w.run(ctx) })
	}
	began := time.Now()
	func() {
		defer workers.Wait()
		defer cancel()
		do()
	}()
	c.lasted += time.Since(began)
}

func (c *churn) did(kinds ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	for _, kind := range kinds {
		c.kinds[kind]++
	}
}

// check requires enough of every kind so far, and says how much it was.
func (c *churn) check(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	rate := float64(c.changes) / c.lasted.Seconds()
	t.Logf("%d changes in %s, %.0f a second", c.changes, c.lasted.Round(time.Second), rate)
	if rate < leastRate {
		t.Errorf("%.0f changes a second, want %d", rate, leastRate)
	}
	for _, kind := range churnKinds() {
		t.Logf("%6d %s", c.kinds[kind], kind)
		if c.kinds[kind] < leastOfKind {
			t.Errorf("%s: %d pods, want %d", kind, c.kinds[kind], leastOfKind)
		}
	}
}

// churned is what a worker knows of one of its pods; no other worker changes it.
type churned struct {
	name   string
	exists bool
	before bool // it existed before
	bound  bool
	going  bool // it is terminating: without a kubelet, until it is forced
	phase  corev1.PodPhase
}

func (p *churned) active() bool {
	return p.phase == corev1.PodPending || p.phase == corev1.PodRunning
}

// fitting are the changes that the API server takes in the pod's state.
func (p *churned) fitting() []string {
	switch {
	case !p.exists:
		return []string{podCreated, podCreated, podPlaced}
	case p.going:
		return []string{podForced, podForced, podTouched}
	case !p.bound:
		return []string{podBound, podBound, podBound, podTouched, podEvicted, podDeleted, podForced}
	case p.phase == corev1.PodFailed:
		return []string{podRunsAgain, podRunsAgain, podRunsAgain, podDeleted, podForced}
	case p.phase == corev1.PodSucceeded:
		return []string{podDeleted, podForced}
	case p.phase == corev1.PodPending:
		return []string{podRuns, podRuns, podFails, podEvicted}
	}
	return []string{podTouched, podSucceeds, podFails, podFails, podDeleted, podForced, podEvicted}
}

// churner is one worker.
type churner struct {
	*churn
	api    *api
	nodes  []string
	random *rand.Rand
	pods   []churned
}

// run does one thing after the other to its pods. The API server may be away: the next
// thing comes anyway.
func (w *churner) run(ctx context.Context) {
	for ctx.Err() == nil {
		p := &w.pods[w.random.IntN(len(w.pods))]
		fitting := p.fitting()
		kind := fitting[w.random.IntN(len(fitting))]
		if err := w.change(ctx, p, kind); err != nil {
			time.Sleep(10 * time.Millisecond) // an API server that starts needs the CPU
			w.learn(ctx, p)
			continue
		}
		if again := kind == podCreated || kind == podPlaced; again && p.before {
			w.did(kind, podRecreated)
		} else {
			w.did(kind)
		}
		p.changed(kind)
	}
}

func (w *churner) change(ctx context.Context, p *churned, kind string) error {
	writer := podWriter{api: w.api, names: func() string { return p.name }}
	key, node := "default/"+p.name, w.nodes[w.random.IntN(len(w.nodes))]
	var err error
	switch kind {
	case podCreated:
		_, err = writer.create(ctx, "")
	case podPlaced:
		_, err = writer.create(ctx, node)
	case podBound:
		err = writer.bind(ctx, key, node)
	case podRuns, podRunsAgain:
		err = writer.setPhase(ctx, key, corev1.PodRunning)
	case podSucceeds:
		err = writer.setPhase(ctx, key, corev1.PodSucceeded)
	case podFails:
		err = writer.setPhase(ctx, key, corev1.PodFailed)
	case podTouched:
		_, err = writer.send(ctx, http.MethodPatch, podPath(key), object{"metadata": object{"labels": object{"touched": fmt.Sprint(w.random.Uint32())}}})
	case podDeleted:
		_, err = writer.send(ctx, http.MethodDelete, podPath(key), object{})
	case podForced:
		err = writer.remove(ctx, key)
	case podEvicted:
		_, err = writer.send(ctx, http.MethodPost, podPath(key)+"/eviction", object{
			"apiVersion": "policy/v1", "kind": "Eviction", "metadata": object{"name": p.name, "namespace": "default"},
		})
	}
	return err
}

// changed notes the state after a change.
func (p *churned) changed(kind string) {
	switch kind {
	case podCreated, podPlaced:
		*p = churned{name: p.name, exists: true, before: true, bound: kind == podPlaced, phase: corev1.PodPending}
	case podBound:
		p.bound = true
	case podRuns, podRunsAgain:
		p.phase = corev1.PodRunning
	case podSucceeds:
		p.phase = corev1.PodSucceeded
	case podFails:
		p.phase = corev1.PodFailed
	case podDeleted, podEvicted:
		p.going = p.bound && p.active()
		p.exists = p.going
	case podForced:
		p.exists, p.going = false, false
	}
}

// learn asks for the state of a pod after a failure: the change may have been made and
// its answer lost with the API server.
func (w *churner) learn(ctx context.Context, p *churned) {
	pod, err := w.api.request(ctx, http.MethodGet, podPath("default/"+p.name), "", nil)
	if err != nil { // it is not there, or the API server is not
		p.exists = false
		return
	}
	inner := map[string]any(pod)
	*p = churned{
		name: p.name, exists: true, before: true, bound: field(inner, "spec", "nodeName") != "",
		going: field(inner, "metadata", "deletionTimestamp") != "", phase: corev1.PodPhase(field(inner, "status", "phase")),
	}
}
