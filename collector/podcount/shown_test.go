package podcount

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestShows is asked of each event of a pod: what it says is counted on nodes that are
// shown.
func TestShows(t *testing.T) {
	tests := []struct {
		name      string
		selection Selection
		forbidden bool
		want      map[string]bool
	}{
		{"all, one that does not exist too", Selection{}, false, map[string]bool{"a": true, "b": true, "gone": true}},
		{"a name", Selection{Names: []string{"a", "gone"}}, false, map[string]bool{"a": true, "b": false, "gone": false}},
		{"a name, nodes may not be listed", Selection{Names: []string{"c"}}, true, map[string]bool{"c": true, "d": false}},
		{"labels: the nodes that were listed", Selection{Labels: "zone=x"}, false, map[string]bool{"a": true, "b": true, "gone": false}},
		{"labels and a name", Selection{Labels: "zone=x", Names: []string{"b", "gone"}}, false, map[string]bool{"a": false, "b": true, "gone": false}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &live{selection: tt.selection, figures: Snapshot{NodesForbidden: tt.forbidden}, nodes: map[string]Node{"a": {}, "b": {}}}
			for node, want := range tt.want {
				if got := l.shows(node); got != want {
					t.Errorf("%s: %t, want %t", node, got, want)
				}
			}
		})
	}
}

// TestOddAllocatableOfAFollowedCluster has a node that reports 1e30 pods, which is said in
// watch mode, too.
func TestOddAllocatableOfAFollowedCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		api.do(func() { api.set(true, "ne30", &fakePod{}) })
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
		if got := w.state().OddAllocatable; got != 1 {
			t.Errorf("%d nodes with an odd number, want 1", got)
		}
	})
}
