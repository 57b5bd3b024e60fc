//go:build e2e

package e2e

import (
	"context"
	"errors"
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
	churnWorkers = 8
	// leastRate is how many changes a second are worth following.
	leastRate = 100
	// leastOfKind is how many of each kind there must be in a run.
	leastOfKind = 100
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

// churn changes pods until it is stopped, and counts what it did by its kind. A pod that
// is created again is one of both kinds.
type churn struct {
	cancel  context.CancelFunc
	workers sync.WaitGroup
	mu      sync.Mutex
	changes int
	kinds   map[string]int
}

func startChurn(t *testing.T, cp *controlPlane) *churn {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &churn{cancel: cancel, kinds: map[string]int{}}
	nodes := slices.Sorted(maps.Keys(cp.truth.Nodes))
	for worker := range churnWorkers {
		random := rand.New(rand.NewPCG(uint64(worker), 7))
		w := &churner{churn: c, api: cp.api, nodes: nodes, random: random, pods: make([]churned, 20)}
		for i := range w.pods {
			w.pods[i].name = fmt.Sprintf("churn-%d-%d", worker, i)
		}
		c.workers.Go(func() { w.run(ctx) })
	}
	t.Cleanup(c.stop)
	return c
}

func (c *churn) stop() {
	c.cancel()
	c.workers.Wait()
}

func (c *churn) did(kinds ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	for _, kind := range kinds {
		c.kinds[kind]++
	}
}

// check requires enough of every kind, and says how much it was.
func (c *churn) check(t *testing.T, over time.Duration) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	rate := float64(c.changes) / over.Seconds()
	t.Logf("%d changes in %s, %.0f a second", c.changes, over, rate)
	if rate < leastRate {
		t.Errorf("%.0f changes a second, want %d", rate, leastRate)
	}
	for _, kind := range churnKinds() {
		t.Logf("%6d %s", c.kinds[kind], kind)
		if c.kinds[kind] < leastOfKind {
			t.Errorf("%d pods %s, want %d", c.kinds[kind], kind, leastOfKind)
		}
	}
}

// churned is what a worker knows of one of its pods; no other worker changes it.
type churned struct {
	name   string
	before bool // it existed before
	phase  corev1.PodPhase
}

// churner is one worker.
type churner struct {
	*churn
	api    *api
	nodes  []string
	random *rand.Rand
	pods   []churned
}

func (w *churner) node() string { return w.nodes[w.random.IntN(len(w.nodes))] }

// run does one thing after the other to its pods. The API server may be away, or refuse
// what does not fit the state of a pod: the next thing comes anyway.
func (w *churner) run(ctx context.Context) {
	for ctx.Err() == nil {
		p := &w.pods[w.random.IntN(len(w.pods))]
		writer := podWriter{api: w.api, names: func() string { return p.name }}
		var err error
		switch key := "default/" + p.name; w.random.IntN(10) {
		case 0, 1:
			err = w.create(ctx, writer, p, "")
		case 2:
			err = w.create(ctx, writer, p, w.node())
		case 3:
			if err = writer.bind(ctx, key, w.node()); err == nil {
				w.did(podBound)
			}
		case 4:
			err = w.setPhase(ctx, writer, p, corev1.PodRunning)
		case 5:
			err = w.setPhase(ctx, writer, p, []corev1.PodPhase{corev1.PodSucceeded, corev1.PodFailed}[w.random.IntN(2)])
		case 6:
			if err = writer.touch(ctx, key); err == nil {
				w.did(podTouched)
			}
		case 7:
			err = w.remove(podEvicted, func() (object, error) {
				return writer.send(ctx, http.MethodPost, podPath(key)+"/eviction", object{
					"apiVersion": "policy/v1", "kind": "Eviction", "metadata": object{"name": p.name, "namespace": "default"},
				})
			})
		case 8:
			err = w.remove(podDeleted, func() (object, error) {
				return writer.send(ctx, http.MethodDelete, podPath(key), object{})
			})
		case 9:
			err = w.remove(podForced, func() (object, error) { return nil, writer.remove(ctx, key) })
		}
		w.learn(ctx, p, err)
	}
}

func (w *churner) create(ctx context.Context, writer podWriter, p *churned, node string) error {
	if _, err := writer.create(ctx, node); err != nil {
		return err
	}
	kinds := []string{podCreated}
	if node != "" {
		kinds[0] = podPlaced
	}
	if p.before {
		kinds = append(kinds, podRecreated)
	}
	p.before, p.phase = true, corev1.PodPending
	w.did(kinds...)
	return nil
}

func (w *churner) setPhase(ctx context.Context, writer podWriter, p *churned, phase corev1.PodPhase) error {
	if err := writer.setPhase(ctx, "default/"+p.name, phase); err != nil {
		return err
	}
	was := p.phase
	p.phase = phase
	active := was == corev1.PodPending || was == corev1.PodRunning
	switch {
	case phase == corev1.PodRunning && was == corev1.PodPending:
		w.did(podRuns)
	case phase == corev1.PodRunning && was == corev1.PodFailed:
		w.did(podRunsAgain)
	case phase == corev1.PodSucceeded && active:
		w.did(podSucceeds)
	case phase == corev1.PodFailed && active:
		w.did(podFails)
	default:
		w.did()
	}
	return nil
}

// remove counts what begins to go: without a kubelet, a pod on a node is terminating until
// it is forced.
func (w *churner) remove(kind string, send func() (object, error)) error {
	if _, err := send(); err != nil {
		return err
	}
	w.did(kind)
	return nil
}

// learn asks what became of a pod after a failure: the change may have been made and its
// answer lost with the API server.
func (w *churner) learn(ctx context.Context, p *churned, err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	made, err := w.api.request(ctx, http.MethodGet, podPath("default/"+p.name), "", nil)
	if err != nil {
		p.phase = "" // unknown
		return
	}
	p.before, p.phase = true, corev1.PodPhase(field(map[string]any(made), "status", "phase"))
}
