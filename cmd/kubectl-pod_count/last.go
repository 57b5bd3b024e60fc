package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

const (
	maxLastCounts = 1000    // those that are older are forgotten
	maxLastBytes  = 1 << 20 // of the file
)

// lastCounts are how many pods were read the last time, which is all that tells
// how long a count may take: an API server says nothing of it. They are in a file
// of the user's cache, which is written only where there is a progress bar. A file
// that cannot be read or written costs the time left, and no more.
type lastCounts struct {
	path   string // empty without a cache
	now    func() time.Time
	counts map[string]lastCount
}

type lastCount struct {
	Pods int       `json:"pods"`
	At   time.Time `json:"at"`
}

func newLastCounts(around surroundings) lastCounts {
	l := lastCounts{now: around.now, counts: make(map[string]lastCount)}
	dir, err := around.cacheDir()
	if err != nil {
		return l
	}
	l.path = filepath.Join(dir, program, "last-counts.json")
	if file, err := os.Open(l.path); err == nil {
		l.counts = readLast(file)
		_ = file.Close() // it was only read
	}
	return l
}

// readLast reads the file's content; nothing from one that is broken.
func readLast(file io.Reader) map[string]lastCount {
	counts := make(map[string]lastCount)
	if json.NewDecoder(io.LimitReader(file, maxLastBytes)).Decode(&counts) != nil || counts == nil {
		return make(map[string]lastCount)
	}
	return counts
}

// key tells counts apart that do not read the same pods. It reveals nothing.
func (l lastCounts) key(c cluster.Cluster, pages podcount.Config) string {
	parts := []string{c.Server, strings.Join(pages.Namespaces, ",")}
	if names := pages.Nodes.Names; len(names) == 1 {
		parts = append(parts, names[0])
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(parts, "\n"))))[:32]
}

// readsMore says whether the pods of other nodes are read, too.
func readsMore(nodes podcount.Selection) bool { return len(nodes.Names) > 1 || nodes.Labels != "" }

// pods is how many were read the last time, or 0.
func (l lastCounts) pods(key string) int { return l.counts[key].Pods }

// save adds the counts of the results that succeeded, if they show all pods that were read.
func (l lastCounts) save(results []*result) {
	for _, r := range results {
		if s := r.snapshot; s != nil && !r.partial {
			l.counts[r.key] = lastCount{Pods: s.ActivePods() + s.UnscheduledPods, At: l.now().UTC()}
		}
	}
	oldest := slices.SortedFunc(maps.Keys(l.counts), func(a, b string) int { return l.counts[a].At.Compare(l.counts[b].At) })
	for _, key := range oldest[:max(0, len(oldest)-maxLastCounts)] {
		delete(l.counts, key)
	}
	data, err := json.Marshal(l.counts)
	if err != nil || l.path == "" || os.MkdirAll(filepath.Dir(l.path), 0o700) != nil {
		return
	}
	file, err := os.CreateTemp(filepath.Dir(l.path), "last-counts-*")
	if err != nil {
		return
	}
	_, err = file.Write(data)
	if file.Close() != nil || err != nil || os.Rename(file.Name(), l.path) != nil {
		_ = os.Remove(file.Name())
	}
}
