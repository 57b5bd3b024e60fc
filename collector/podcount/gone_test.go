package podcount

import (
	"fmt"
	"slices"
	"testing"
)

// TestNodesThatAreGone has pods on nodes that do not exist. They are looked up once, by
// name or all together, and not at each count; another one that comes later is.
func TestNodesThatAreGone(t *testing.T) {
	for _, c := range []struct {
		gone        int
		first, next int // requests for nodes after the pods
		later       int // when there is one more
	}{
		{1, 1, 0, 1},
		{maxLookups, maxLookups, 0, 1},
		{maxLookups + 1, 1, 0, 1},
		{maxGone - 1, 1, 0, 1},
		{maxGone, 1, 0, 1},
		{maxGone + 1, 1, 1, 1}, // too many to be remembered
	} {
		t.Run(fmt.Sprint(c.gone), func(t *testing.T) {
			var names []string
			for i := range c.gone + 1 {
				names = append(names, fmt.Sprintf("gone-%d", i))
			}
			script := newScript(t)
			counter := script.counter(nil)
			count := func(gone, want int) {
				t.Helper()
				script.pods = []step{podPage("", names[:gone]...)}
				script.nodes = append([]step{nodePage("", "a")}, repeat(want, nodePage(""))...)
				script.count(counter)
				script.expect(append([]string{"nodes", "pods"}, slices.Repeat([]string{"nodes"}, want)...)...)
			}
			count(c.gone, c.first)
			count(c.gone, c.next)
			count(c.gone+1, c.later)
		})
	}
}
