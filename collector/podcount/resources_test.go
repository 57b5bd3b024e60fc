package podcount

import (
	"fmt"
	"strings"
	"testing"
)

// TestManyResources has a node with device plugins that add a resource for each device: it
// hides its cluster no more than one with few.
func TestManyResources(t *testing.T) {
	for _, tt := range []struct {
		resources int
		pods      string
		err       string
	}{
		{8, `"pods":"110"`, ""},
		{maxMembers, `"pods":"110"`, ""},
		{50_000, `"pods":"110"`, ""}, // 1.3 MB; etcd takes 1.5 MB
		{50_000, `"pods":"110","pods":"120"`, `duplicate key "pods"`},
	} {
		t.Run(fmt.Sprintf("%d resources, %s", tt.resources, tt.pods), func(t *testing.T) {
			var others strings.Builder
			for i := range tt.resources {
				fmt.Fprintf(&others, `"example.com/device-%d":"1",`, i)
			}
			set, _, err := decodeNodes(strings.NewReader(nodes(`[{"metadata":{"name":"a"},"status":{"allocatable":{` + others.String() + tt.pods + `}}},{"metadata":{"name":"b"}}]`)))
			switch {
			case tt.err != "":
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
			case err != nil:
				t.Error(err)
			case len(set.nodes) != 2 || set.nodes["a"].AllocatablePods != 110:
				t.Errorf("nodes %v", set.nodes)
			}
		})
	}
}
