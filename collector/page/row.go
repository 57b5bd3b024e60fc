package page

import (
	"fmt"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// clusterRow is a cluster in the overview, and the head of its own page.
type clusterRow struct {
	Name, Key    string // as shown, and unchanged
	State, Class string
	Why          *why      // nil if the cluster is well
	Note         string    // further text about its state
	Progress     *progress // nil when no count runs

	Counted                            bool // there was a complete count
	Shown                              bool // the numbers below are shown
	Nodes, Active, Allocatable         string
	Percent                            string
	Bar                                float64
	Level                              string
	Age, Pages, Took, Mode, Source     string
	Unscheduled, UnknownNode, Received string
	Failures                           chart
}

// why says what is wrong with a cluster.
type why struct {
	Reason  string
	Since   *moment // nil if it is not known
	Ago     string
	Text    string
	Advice  string
	Numbers string // what is shown meanwhile
}

// progress is the running count. Max is 0 if it is not known.
type progress struct {
	Value, Max int
	Text       string
}

func (p *Page) row(c Cluster) clusterRow {
	state := c.condition()
	row := clusterRow{
		Name: printable(c.Cluster), Key: c.Cluster, State: state.String(), Class: state.class(),
		Why: p.why(c), Note: c.note(), Progress: c.progress(), Failures: chartOf(c.History), Mode: c.mode(),
		Nodes: unknown, Active: unknown, Allocatable: unknown, Percent: unknown, Level: "unknown",
		Age: unknown, Pages: unknown, Took: unknown, Source: unknown,
		Unscheduled: unknown, UnknownNode: unknown, Received: unknown,
	}
	if c.Snapshot != nil {
		row.Counted, row.Age = true, span(c.Age)
	}
	if c.Shown() {
		row.count(c.Snapshot)
	}
	return row
}

// count fills in the result of the last complete count.
func (r *clusterRow) count(s *podcount.Snapshot) {
	r.Shown = true
	r.Nodes, r.Active = number(len(s.Nodes)), number(s.ActivePods())
	r.Pages, r.Took, r.Received = number(s.Pages), took(s.Duration), size(s.Bytes)
	r.Unscheduled = number(s.UnscheduledPods)
	if s.KnowsUnknownNodes() {
		r.UnknownNode = number(s.UnknownNodePods)
	}
	if s.Source != "" {
		r.Source = string(s.Source)
	}
	if sum, known := s.AllocatablePods(); known && sum > 0 {
		active := s.AllocatedPods()
		share := float64(active) / float64(sum)
		r.Allocatable, r.Percent = number(sum), percent(int64(active), sum)
		r.Bar, r.Level = 100*min(1, share), levelOf(share)
	}
}

func (c Cluster) note() string {
	switch state := c.condition(); {
	case state == stale && c.followed():
		return "A stream of its events has been silent for that long."
	case state == stale:
		return "The next scrape has it counted anew."
	case state == pending:
		return "There was no complete count yet."
	default:
		return ""
	}
}

func (p *Page) why(c Cluster) *why {
	if !c.condition().unwell() {
		return nil
	}
	w := &why{Reason: c.Reason, Advice: c.advice(), Numbers: p.numbers(c)}
	if c.Err != nil {
		w.Text = printable(c.Err.Error())
	}
	if since := c.since(); !since.IsZero() {
		at := p.moment(since)
		w.Since, w.Ago = &at, p.ago(since)
	}
	return w
}

// numbers says what is shown of a cluster that is not well.
func (p *Page) numbers(c Cluster) string {
	switch {
	case c.Snapshot == nil:
		return "There was no complete count yet, so nothing is shown."
	case !c.Shown() && c.followed():
		return fmt.Sprintf("Nothing is shown: its events have come to %s, which is too old (%s).", p.moment(c.Snapshot.Time).Text, span(c.Age))
	case !c.Shown():
		return fmt.Sprintf("Nothing is shown: the last complete count, of %s, is too old (%s).", p.moment(c.Snapshot.Time).Text, span(c.Age))
	}
	return fmt.Sprintf("The numbers are those of %s, %s ago.", p.moment(c.Snapshot.Time).Text, span(c.Age))
}

func (c Cluster) progress() *progress {
	run := c.Progress
	if run.Since.IsZero() {
		return nil
	}
	bar := &progress{Value: run.Pods, Max: c.expected()}
	bar.Value = min(bar.Value, bar.Max)
	text := fmt.Sprintf("%s, page %s", run.Resource, number(run.Page))
	if run.Pods > 0 {
		text += ": " + number(run.Pods)
		if bar.Max > 0 {
			text += " of about " + number(bar.Max)
		}
		text += " rows"
	}
	if run.Reason != "" {
		text += fmt.Sprintf(" (attempt %d, after %s)", run.Attempt, run.Reason)
	}
	bar.Text = text
	return bar
}
