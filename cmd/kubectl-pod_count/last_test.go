package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

func at(dir string, now time.Time) surroundings {
	return surroundings{cacheDir: func() (string, error) { return dir, nil }, now: func() time.Time { return now }}
}

func TestLastCounts(t *testing.T) {
	dir, now := t.TempDir(), time.Unix(1_800_000_000, 0)
	r := countedOf("production", podcount.Snapshot{Nodes: []podcount.Node{nodeOf("a", 5, 110)}, UnscheduledPods: 2})
	r.key = "key"
	newLastCounts(at(dir, now)).save([]*result{r, broken()})
	if got := newLastCounts(at(dir, now)); got.pods("key") != 7 || len(got.counts) != 1 {
		t.Errorf("%d pods, want 7, among %v", got.pods("key"), got.counts)
	}
	some := countedOf("production", podcount.Snapshot{Nodes: []podcount.Node{nodeOf("a", 5, 110)}, Selected: true})
	some.key, some.partial = "key", true // all pods were read for it
	newLastCounts(at(dir, now)).save([]*result{some})
	if got := newLastCounts(at(dir, now)); got.pods("key") != 7 {
		t.Errorf("%d pods after a count of some nodes, want 7 as before", got.pods("key"))
	}
	// A file with as many as may be, one more of which is newer.
	l := newLastCounts(at(dir, now.Add(time.Hour)))
	for old := range maxLastCounts {
		l.counts[fmt.Sprint("old", old)] = lastCount{Pods: 1, At: now.Add(time.Duration(old) * time.Second)}
	}
	r.key = "new"
	l.save([]*result{r})
	got := newLastCounts(at(dir, now))
	if len(got.counts) != maxLastCounts || got.pods("new") != 7 || got.pods("old999") != 1 || got.pods("key")+got.pods("old0") != 0 {
		t.Errorf("%d counts, want %d without the oldest two", len(got.counts), maxLastCounts)
	}
	files, err := os.ReadDir(filepath.Join(dir, program))
	if err != nil || len(files) != 1 {
		t.Errorf("%d files, error %v, want one", len(files), err)
	}
}

// TestLastCountsNowhere writes where nothing can be written, and reads what is none.
func TestLastCountsNowhere(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, program), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	newLastCounts(at(dir, time.Now())).save([]*result{production()})
	for _, text := range []string{"", "null", "{", `{"a":{"pods":"many"}}`, `{"a":1}`} {
		if counts := readLast(strings.NewReader(text)); len(counts) != 0 || counts == nil {
			t.Errorf("%q gives %v", text, counts)
		}
	}
}

func TestLastCountsKey(t *testing.T) {
	of := func(server string, namespaces, names []string, labels string) string {
		pages := podcount.Config{Namespaces: namespaces, Nodes: podcount.Selection{Names: names, Labels: labels}}
		return lastCounts{}.key(cluster.Cluster{Server: server}, pages)
	}
	all := of("server", nil, nil, "")
	for name, other := range map[string]string{
		"server": of("other", nil, nil, ""), "namespace": of("server", []string{"a"}, nil, ""), "node": of("server", nil, []string{"a"}, ""),
	} {
		if other == all {
			t.Errorf("another %s has the same key", name)
		}
	}
	// Of several nodes, and of those with a label, all pods are read.
	if of("server", nil, []string{"a", "b"}, "") != all || of("server", nil, nil, "a=b") != all {
		t.Error("counts that read the same pods have different keys")
	}
	for _, tt := range []struct {
		nodes podcount.Selection
		more  bool
	}{
		{podcount.Selection{}, false}, {podcount.Selection{Names: []string{"a"}}, false},
		{podcount.Selection{Names: []string{"a", "b"}}, true}, {podcount.Selection{Labels: "a=b"}, true},
	} {
		if readsMore(tt.nodes) != tt.more {
			t.Errorf("%+v reads more pods than it shows: %v, want %v", tt.nodes, !tt.more, tt.more)
		}
	}
}

func FuzzReadLast(f *testing.F) {
	f.Add(`{"a":{"pods":1,"at":"2026-11-24T05:03:12Z"}}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		if readLast(strings.NewReader(text)) == nil {
			t.Error("a map that cannot be written to")
		}
	})
}
