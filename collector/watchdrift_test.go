package collector

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// labelled returns the value of the series of a family that has a label, or "absent".
func labelled(exposition, family, label string) string {
	for _, line := range series(exposition, family) {
		if strings.Contains(line, label) {
			return line[strings.LastIndexByte(line, ' ')+1:]
		}
	}
	return "absent"
}

const (
	audits   = "pod_count_watch_audits_total"
	restarts = "pod_count_watch_restarts_total"
	drift    = "pod_count_watch_drift_pods"
)

// driftFrom scrapes until the gauge is above 0, and from then until it is 0 again. It
// returns the first of these expositions, and for how long the gauge was above 0.
func (e *watched) driftFrom(step string) (first string, lasts time.Duration) {
	e.t.Helper()
	const interval = 15 * time.Second
	for deadline := time.Now().Add(time.Hour); ; time.Sleep(interval) {
		body := e.scrape("10")
		switch above := value(body, drift) != "0"; {
		case above && first == "":
			first = body
		case above:
			lasts += interval
		case first != "":
			return first, lasts
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("%s: the gauge was above 0 for %s, and nothing more in an hour", step, lasts)
		}
	}
}

// TestDriftIsShown loses an event, which the next audit finds: scrapes see it for two
// minutes, until an audit of the new start agrees. The alert PodCountWatchDrift stands on
// that, and for a difference that is followed by another on the counter of audits.
func TestDriftIsShown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		e.wantTruth("at the start")
		time.Sleep(5 * time.Minute)
		if body := e.scrape("10"); value(body, drift) != "0" || labelled(body, audits, `"equal"`) != "1" {
			t.Errorf("drift %s after %s audits that agree", value(body, drift), labelled(body, audits, `"equal"`))
		}
		node := e.sim.NodeNames()[1]
		pods := e.sim.Truth().Pods[node]
		e.tap.loseAdded(node)
		e.sim.CreatePod(node)
		time.Sleep(time.Minute)
		if body := e.scrape("10"); labelled(body, "node_active_pods", `"`+node+`"`) != fmt.Sprint(pods) || value(body, drift) != "0" {
			t.Error("the event was not lost, or is known to be lost without an audit")
		}
		body, lasts := e.driftFrom("lost")
		if value(body, drift) != "1" || labelled(body, audits, `"different"`) != "1" || labelled(body, restarts, `"drift"`) != "1" {
			t.Errorf("drift %s, %s audits that differ, %s restarts; want 1 of each", value(body, drift), labelled(body, audits, `"different"`), labelled(body, restarts, `"drift"`))
		}
		if labelled(body, "node_active_pods", `"`+node+`"`) != fmt.Sprint(pods+1) || value(body, "pod_count_success") != "1" {
			t.Errorf("node %s is not right again as soon as the difference is shown", node)
		}
		if lasts < 90*time.Second || lasts > 2*time.Minute {
			t.Errorf("the gauge is above 0 for %s, want about two minutes", lasts)
		}
		if want := fmt.Sprintf("%s\" cluster=one node=%s watched=%d listed=%d", nodeDiffers().text, node, pods, pods+1); strings.Count(e.log.String(), want) != 1 {
			t.Errorf("the log does not say %s:\n%s", want, e.log.String())
		}
		e.wantTruth("started anew")
	})
}

// TestLostEventsAreFound loses an event of each kind. Nothing says so until the next
// audit, which has the pods listed again; then the counts are right.
func TestLostEventsAreFound(t *testing.T) {
	on := func(e *watched, scheduled bool) (pod kubesim.Pod) {
		pod, found := e.sim.FindPod(7, func(p kubesim.Pod) bool { return (p.Node != "") == scheduled && (p.Active() || p.Node == "") })
		if !found {
			e.t.Fatal("no such pod")
		}
		return pod
	}
	deletes := func(scheduled bool) func(*watched) (string, error) {
		return func(e *watched) (string, error) { pod := on(e, scheduled); return pod.Node, e.sim.DeletePod(pod.Key) }
	}
	for _, tt := range []struct {
		name   string
		kind   string
		bound  bool                                      // in the stream of bound pods
		change func(e *watched) (node string, err error) // whose pods differ
		more   int                                       // pods in the list than by the events
	}{
		{"a pod on a node is created", "ADDED", true, func(e *watched) (string, error) {
			node := e.sim.NodeNames()[2]
			e.sim.CreatePod(node)
			return node, nil
		}, 1},
		{"a pod gets a node", "ADDED", true, func(e *watched) (string, error) {
			node := e.sim.NodeNames()[0]
			return node, e.sim.BindPod(on(e, false).Key, node)
		}, 1},
		{"a pod on a node is deleted", "DELETED", true, deletes(true), -1},
		{"a pod finishes", "DELETED", true, func(e *watched) (string, error) {
			pod := on(e, true)
			return pod.Node, e.sim.SetPhase(pod.Key, corev1.PodSucceeded)
		}, -1},
		{"a pod without a node is created", "ADDED", false, func(e *watched) (string, error) { e.sim.CreatePod(""); return "", nil }, 1},
		{"a pod gets a node, and is not gone from those without", "DELETED", false, func(e *watched) (string, error) {
			return "", e.sim.BindPod(on(e, false).Key, e.sim.NodeNames()[0])
		}, -1},
		{"a pod without a node is deleted", "DELETED", false, deletes(false), -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) { lostEventIsFound(t, tt.kind, tt.bound, tt.change, tt.more) })
		})
	}
}

func lostEventIsFound(t *testing.T, kind string, bound bool, change func(*watched) (string, error), more int) {
	t.Helper()
	e := follow(t)
	e.wantTruth("at the start")
	time.Sleep(5 * time.Minute)
	e.tap.lose(func(event string) bool {
		named := slices.ContainsFunc(e.sim.NodeNames(), func(node string) bool { return strings.Contains(event, `"`+node+`"`) })
		return strings.Contains(event, `"`+kind+`"`) && named == bound
	})
	node, err := change(e)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
	if body := e.scrape("10"); value(body, drift) != "0" || strings.Contains(e.log.String(), nodeDiffers().text) {
		t.Error("the difference is known without an audit")
	}
	truth := e.sim.Truth()
	listed, line := truth.Unscheduled, unscheduledDiffers().text+`" cluster=one`
	if node != "" {
		listed, line = truth.Pods[node], nodeDiffers().text+`" cluster=one node=`+node
	}
	body, _ := e.driftFrom("lost")
	if value(body, drift) != "1" || labelled(body, audits, `"different"`) != "1" || labelled(body, restarts, `"drift"`) != "1" {
		t.Errorf("drift %s, %s audits that differ, %s restarts; want 1 of each", value(body, drift), labelled(body, audits, `"different"`), labelled(body, restarts, `"drift"`))
	}
	line += fmt.Sprintf(" watched=%d listed=%d", listed-more, listed)
	if differ := strings.Count(e.log.String(), "Audit: difference o"); differ != 1 || !strings.Contains(e.log.String(), line) {
		t.Errorf("%d lines, and not one alone that says %s:\n%s", differ, line, e.log.String())
	}
	if mode := labelled(body, "pod_count_mode_info", `"watch"`); mode != "1" || value(body, "pod_count_success") != "1" {
		t.Errorf("it is not followed as soon as the difference is shown")
	}
	e.wantTruth("started anew")
}

// TestDriftTwiceInARow loses another event after the new start, so that the cluster is
// listed, which ends the gauge. The counter of audits is what tells of it.
func TestDriftTwiceInARow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		e.wantTruth("at the start")
		node := e.sim.NodeNames()[1]
		lose := func() {
			e.tap.loseAdded(node)
			e.sim.CreatePod(node)
		}
		lose()
		for labelled(e.scrape("10"), audits, `"different"`) != "1" {
			time.Sleep(time.Second)
		}
		time.Sleep(10 * time.Second) // until the new start is complete
		lose()
		time.Sleep(3 * time.Minute)
		body := e.scrape("10")
		if value(body, drift) != "0" || labelled(body, audits, `"different"`) != "2" || labelled(body, restarts, `"drift"`) != "1" {
			t.Errorf("drift %s, %s audits that differ, %s restarts; want 0, 2 and 1", value(body, drift), labelled(body, audits, `"different"`), labelled(body, restarts, `"drift"`))
		}
		if labelled(body, "pod_count_mode_info", `"list"`) != "1" {
			t.Errorf("not listed after two audits that differ: %v", series(body, "pod_count_mode_info"))
		}
		e.wantTruth("listed")
	})
}

// TestDriftWithoutAudits has audits switched off, and one asked for: after a difference
// another audit follows, or the gauge would stay.
func TestDriftWithoutAudits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		e.watch.AuditInterval = 0
		e.Store.Set(e.target())
		e.wantTruth("at the start")
		node := e.sim.NodeNames()[1]
		e.tap.loseAdded(node)
		e.sim.CreatePod(node)
		time.Sleep(time.Minute)
		if code, answer := e.ask("GET", askFresh); code != 200 {
			t.Errorf("fresh: %d %v", code, answer)
		}
		e.driftFrom("asked for")
		time.Sleep(time.Hour)
		if body := e.scrape("10"); labelled(body, audits, `"equal"`) != "1" {
			t.Errorf("%s audits that agree, want the one after the difference", labelled(body, audits, `"equal"`))
		}
	})
}
