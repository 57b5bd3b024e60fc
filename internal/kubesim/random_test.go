package kubesim

import (
	"fmt"
	"testing"
)

func TestShuffleIsABijection(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 64, 1000, 10259} {
		for seed := range uint64(5) {
			s, seen := newShuffle(seed, n), make([]bool, n)
			for i := range n {
				place := s.at(i)
				if place < 0 || place >= n || seen[place] {
					t.Fatalf("n %d, seed %d: place %d of index %d is outside or taken", n, seed, place, i)
				}
				seen[place] = true
			}
		}
	}
}

func TestSpreadIncreases(t *testing.T) {
	for _, n := range []int{1, 2, 50, 100_000} {
		last, text := int64(-1), ""
		for i := range n {
			v := spread(9, i, n, suffixes)
			if int64(v) <= last || v >= suffixes {
				t.Fatalf("n %d: number %d is %d, after %d, below %d", n, i, v, last, suffixes)
			}
			if s := string(appendSuffix(nil, v)); s <= text {
				t.Fatalf("suffix %q after %q", s, text)
			} else {
				text = s
			}
			last = int64(v)
		}
	}
}

func TestShares(t *testing.T) {
	for _, tc := range []struct {
		weights []uint64
		total   int
		want    []int
	}{
		{nil, 0, []int{0}},
		{[]uint64{1}, 5, []int{0, 5}},
		{[]uint64{1, 0, 1}, 4, []int{0, 2, 2, 4}},
		{[]uint64{1, 2, 3}, 7, []int{0, 1, 3, 7}},
		{[]uint64{0, 0}, 0, []int{0, 0, 0}},
	} {
		if got := shares(tc.weights, tc.total); fmt.Sprint(got) != fmt.Sprint(tc.want) {
			t.Errorf("shares of %d by %v are %v, want %v", tc.total, tc.weights, got, tc.want)
		}
	}
}
