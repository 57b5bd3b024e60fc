package kubesim

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// evens is a base with the even numbers below a bound.
type evens int

func (e evens) Len() int               { return int(e) }
func (e evens) At(i int) (string, int) { return fmt.Sprintf("%04d", 2*i), 2 * i }

// TestHistoryAgainstMaps makes random changes, keeps a whole map of each version, and
// compares the two.
func TestHistoryAgainstMaps(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 1))
		h := &history[int]{base: evens(20)}
		now, versions := map[string]int{}, map[int64]map[string]int{}
		for i := range h.base.Len() {
			key, value := h.base.At(i)
			now[key] = value
		}
		for version := int64(10); version < 150; version++ {
			versions[version-1] = maps.Clone(now)
			key, value := fmt.Sprintf("%04d", random.IntN(60)), random.IntN(1000)
			if random.IntN(2) == 0 {
				now[key] = value
				h.put(key, &value, version)
			} else if _, ok := now[key]; ok {
				delete(now, key)
				h.put(key, nil, version)
			}
		}
		for version, want := range versions {
			compareHistory(t, h, version, want)
		}
		h.forget(100)
		for version := int64(100); version < 149; version++ {
			compareHistory(t, h, version, versions[version])
		}
		if len(h.log) > 50 || len(h.log) > 0 && h.log[0].version < 100 {
			t.Errorf("seed %d: a log of %d changes is left, from version %d on", seed, len(h.log), h.log[0].version)
		}
	}
}

func compareHistory(t *testing.T, h *history[int], version int64, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	keys := []string{}
	for start := ""; ; { // in chunks of three
		items := h.read(nil, start, version, 3)
		for _, it := range items {
			got[it.key], keys = it.value, append(keys, it.key)
		}
		if len(items) < 3 {
			break
		}
		start = items[2].key + "\x00"
	}
	if !maps.Equal(got, want) || !slices.IsSorted(keys) || len(keys) != len(want) {
		t.Fatalf("version %d holds %v in order %v, want %v", version, got, keys, want)
	}
	inRange := 0
	for _, key := range keys {
		if key >= "0010" && key < "0030" {
			inRange++
		}
	}
	if n := h.count("0010", "0030", version); n != inRange {
		t.Fatalf("version %d: count from 0010 to 0030 is %d, want %d", version, n, inRange)
	}
}

func TestHistoryForgetsDeletedKeys(t *testing.T) {
	h := &history[int]{base: evens(0)}
	for version := int64(1); version <= 2000; version += 2 {
		key, value := fmt.Sprint(version), 1
		h.put(key, &value, version)
		h.put(key, nil, version+1)
	}
	h.forget(3000)
	if len(h.changed) != 0 || len(h.log) != 0 {
		t.Errorf("%d keys and %d changes are kept of objects long gone", len(h.changed), len(h.log))
	}
}
