package main

import (
	"io"
	"strings"
	"testing"
)

func TestCutMiddle(t *testing.T) {
	tests := []struct {
		name string
		most int
		want string
	}{
		{"worker-1", 10, "worker-1"},
		{"worker-100", 10, "worker-100"},
		{"worker-1000", 10, "worke…1000"},
		{"arn:aws:eks:eu-central-1:123456789012:cluster/production", 20, "arn:aws:ek…roduction"},
		{"节点节点节点节点", 10, "节点…节点"},
		{"节点节点节点节点", 11, "节点…点节点"},
	}
	for _, tt := range tests {
		if got := cutMiddle(tt.name, tt.most); got != tt.want || columns(got) > tt.most {
			t.Errorf("%s in %d columns: %q, want %q", tt.name, tt.most, got, tt.want)
		}
	}
}

// TestTablesFit is asked of every window that has room for the numbers of a node, of
// the totals alone also below.
func TestTablesFit(t *testing.T) {
	long := production()
	long.name = strings.Repeat("eu/", 20) + "production"
	for _, args := range []string{"", "-o wide", "--summary", "--all-contexts"} {
		o, _, err := parseFlags(strings.Fields(args), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		results := []*result{long}
		if o.clusters.AllContexts {
			results = append(results, staging(), broken())
		}
		for width := 50; width < 200; width++ {
			var out strings.Builder
			if err := o.write(&out, screen{terminal: true, width: width}, results); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(out.String()) {
				if got := columns(strings.TrimSuffix(line, "\n")); got > width {
					t.Fatalf("%s: in a window of %d columns a line takes %d: %q", args, width, got, line)
				}
			}
		}
	}
}
