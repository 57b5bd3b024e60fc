//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// lostEvent is an event that a proxy leaves out.
type lostEvent struct {
	name    string
	of      string // of watchedStreams
	kind    string
	placed  bool            // the pod is on a node before
	phase   corev1.PodPhase // of the pod before; empty: there is none before
	change  func(w podWriter, ctx context.Context, key, node string) error
	missing int // pods by which the list has more than the events
}

// lostEvents are the changes of pods that a stream says with one event.
func lostEvents() []lostEvent {
	const bound, unbound = "pods on nodes", "pods without a node"
	create := func(placed bool) func(podWriter, context.Context, string, string) error {
		return func(w podWriter, ctx context.Context, _, node string) error {
			if !placed {
				node = ""
			}
			_, err := w.create(ctx, node)
			return err
		}
	}
	bind := func(w podWriter, ctx context.Context, key, node string) error { return w.bind(ctx, key, node) }
	remove := func(w podWriter, ctx context.Context, key, _ string) error { return w.remove(ctx, key) }
	becomes := func(phase corev1.PodPhase) func(podWriter, context.Context, string, string) error {
		return func(w podWriter, ctx context.Context, key, _ string) error { return w.setPhase(ctx, key, phase) }
	}
	return []lostEvent{
		{"a pod on a node is created", bound, "ADDED", true, "", create(true), 1},
		{"a pod gets a node", bound, "ADDED", false, corev1.PodPending, bind, 1},
		{"a pod runs again after it failed", bound, "ADDED", true, corev1.PodFailed, becomes(corev1.PodRunning), 1},
		{"a pod on a node is deleted", bound, "DELETED", true, corev1.PodPending, remove, -1},
		{"a pod finishes", bound, "DELETED", true, corev1.PodRunning, becomes(corev1.PodSucceeded), -1},
		{"a pod without a node is created", unbound, "ADDED", false, "", create(false), 1},
		{"a pod gets a node, and is not gone from those without", unbound, "DELETED", false, corev1.PodPending, bind, -1},
		{"a pod without a node is deleted", unbound, "DELETED", false, corev1.PodPending, remove, -1},
		{"a pod without a node fails", unbound, "DELETED", false, corev1.PodPending, becomes(corev1.PodFailed), -1},
	}
}

// TestWatchAuditFindsLostEvents has an exporter for each kind of event, behind a proxy that
// leaves one of that kind out. Its count is wrong until the audit finds the difference,
// where it is and of how many pods, and then right again; what the others lose is nothing
// to it.
func TestWatchAuditFindsLostEvents(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(32, 10, 100)...)
	token := watcherToken(t, cp)
	nodes := slices.Sorted(maps.Keys(cp.truth.Nodes))
	var all []*losing
	for i, lost := range lostEvents() {
		l := &losing{lostEvent: lost, number: i, node: nodes[i], proxy: startStreamProxy(t, cp)}
		l.writer = podWriter{api: cp.api, names: func() string { return l.pod() }}
		l.prepare(t)
		l.exporter = startExporter(t, l.proxy.kubeconfig(t, token), "--collector.mode=watch", "--watch.audit-interval=20s")
		all = append(all, l)
	}
	for _, l := range all {
		followed(t, cp, l.exporter)
	}
	keepMoving(t, podWriter{api: cp.api, names: names("moving")}, nodes[len(nodes)-1])
	for _, l := range all {
		l.lose(t)
	}
	for _, l := range all {
		t.Run(l.name, func(t *testing.T) { l.found(t, cp) })
	}
}

// losing is an exporter that has lost an event.
type losing struct {
	lostEvent
	number   int
	node     string // no other's
	key      string // of its pod
	writer   podWriter
	proxy    *streamProxy
	exporter *exporter
}

func (l *losing) pod() string { return fmt.Sprintf("lost-%d", l.number) }

// prepare makes the pod that is to change.
func (l *losing) prepare(t *testing.T) {
	t.Helper()
	if l.phase == "" {
		return
	}
	node := ""
	if l.placed {
		node = l.node
	}
	var err error
	l.key, err = l.writer.create(t.Context(), node)
	must(t, err)
	if l.phase != corev1.PodPending {
		must(t, l.writer.setPhase(t.Context(), l.key, l.phase))
	}
}

// lose changes the pod, and leaves the event out of the one stream.
func (l *losing) lose(t *testing.T) {
	t.Helper()
	of := watchedStreams()[slices.IndexFunc(watchedStreams(), func(s watchedStream) bool { return s.name == l.of })]
	l.proxy.leaveOut(func(watch *url.URL, line []byte) bool {
		return of.fits(watch) && bytes.Contains(line, []byte(`"`+l.kind+`"`)) && bytes.Contains(line, []byte(`"`+l.pod()+`"`))
	})
	must(t, l.change(l.writer, t.Context(), l.key, l.node))
	eventually(t, "the event left out", l.proxy.dropped)
}

// found requires the audit to have found that event and nothing else, and the counts to
// be right again.
func (l *losing) found(t *testing.T, cp *controlPlane) {
	line, want := l.exporter.await(t, "Audit: difference o"), "Audit: difference of pods without a node"
	if l.of != "pods without a node" {
		want = "node=" + l.node
	}
	var watched, listed int
	for text, into := range map[string]*int{"watched": &watched, "listed": &listed} {
		if number := regexp.MustCompile(text + `=(\d+)`).FindStringSubmatch(line); number != nil {
			*into, _ = strconv.Atoi(number[1])
		}
	}
	if !strings.Contains(line, want) || listed-watched != l.missing {
		t.Errorf("the audit does not say %q and a difference of %+d: %s", want, l.missing, line)
	}
	followed(t, cp, l.exporter)
	eventually(t, "an audit that agrees", func() bool { return l.exporter.scrape(t).value(t, "pod_count_watch_drift_pods") == 0 })
	got := l.exporter.scrape(t)
	if n := got.by(t, "pod_count_watch_restarts_total", "reason")["drift"]; n != 1 {
		t.Errorf("%v restarts for drift, want 1", n)
	}
	if n := got.by(t, "pod_count_watch_audits_total", "result")["different"]; n != 1 {
		t.Errorf("%v audits with a difference, want 1", n)
	}
}

// keepMoving changes a pod on a node and one without until the test ends, so that audits
// need not wait for bookmarks.
func keepMoving(t *testing.T, w podWriter, node string) {
	t.Helper()
	var keys []string
	for _, on := range []string{node, ""} {
		key, err := w.create(t.Context(), on)
		must(t, err)
		keys = append(keys, key)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		<-done
	})
	go func() {
		defer close(done)
		for n := 0; ctx.Err() == nil; n++ {
			for _, key := range keys {
				if err := w.label(ctx, key, strconv.Itoa(n)); err != nil && ctx.Err() == nil {
					t.Errorf("a pod cannot be changed: %v", err)
					return
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond): // far from as often as there are audits
			}
		}
	}()
}
