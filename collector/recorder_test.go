package collector

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// played publishes one snapshot after the other.
type played []podcount.Snapshot

func (p *played) Count(_ context.Context, _ podcount.Observer, publish func(*podcount.Snapshot)) error {
	next := (*p)[0]
	next.Started, next.Time, *p = time.Now(), time.Now(), (*p)[1:]
	publish(&next)
	return nil
}

// TestRemarksAreSaidOnce has snapshots that lack something, and later ones that do
// not.
func TestRemarksAreSaidOnce(t *testing.T) {
	refused := errors.New("status 406")
	well := podcount.Snapshot{Source: podcount.SourceTable}
	odd := podcount.Snapshot{Source: podcount.SourceTable, OddAllocatable: 3}
	forbidden := podcount.Snapshot{Source: podcount.SourceTable, NodesForbidden: true}
	list := podcount.Snapshot{Source: podcount.SourceList, SourceRefused: refused}
	unfiltered := podcount.Snapshot{Source: podcount.SourceListUnfiltered, SourceRefused: refused}
	for name, tt := range map[string]struct {
		snapshots played
		message   message
		lines     int
		fields    string
	}{
		"a node's value is odd":           {played{well, odd, odd, odd}, oddAllocatable(), 1, "nodes=3"},
		"odd again after it was not":      {played{odd, well, odd}, oddAllocatable(), 2, "nodes=3"},
		"nothing is odd":                  {played{well, list, forbidden}, oddAllocatable(), 0, ""},
		"nodes forbidden":                 {played{forbidden, forbidden}, nodesForbidden(), 1, "missing="},
		"another form":                    {played{list, list, list}, otherSource(), 1, `source=list err="status 406"`},
		"a third form":                    {played{list, unfiltered}, otherSource(), 2, "source=list-unfiltered"},
		"the preferred form":              {played{well, well}, otherSource(), 0, ""},
		"the preferred form and not then": {played{list, well, list}, otherSource(), 2, "source=list"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e := scriptedExporter(t, &tt.snapshots)
				for len(tt.snapshots) > 0 {
					e.scrape("10")
					time.Sleep(store.DefaultCacheTTL)
				}
				log := e.log.String()
				if got := strings.Count(log, tt.message.text); got != tt.lines || !strings.Contains(log, tt.fields) {
					t.Errorf("said %d times, want %d, with %q:\n%s", got, tt.lines, tt.fields, log)
				}
			})
		})
	}
}

// Every reason has a text of its own, which docs/troubleshooting.md explains.
func TestEveryReasonHasAText(t *testing.T) {
	document, err := os.ReadFile("../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]podcount.Reason{}
	for _, reason := range podcount.Reasons() {
		text := pageFailed(reason).text
		if other, taken := seen[text]; text == "" || taken {
			t.Errorf("the text of %s is %q, as that of %q", reason, text, other)
		}
		seen[text] = reason
		if row := "| `" + string(reason) + "` | `" + text + "` |"; !strings.Contains(string(document), row) {
			t.Errorf("docs/troubleshooting.md has no row %q", row)
		}
	}
}
