package collector

import (
	"fmt"
	"strings"
	"testing"
	"time"
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
