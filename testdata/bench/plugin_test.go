package main

import "testing"

func TestCommandsAreChecked(t *testing.T) {
	truth := tally{Nodes: map[string]int{"a": 2, "b": 0}, Unscheduled: 1}
	tests := []struct {
		name   string
		check  func([]byte, tally) error
		output string
		right  bool
	}{
		{"the plugin's count", checkPlugin, `{"clusters":[{"unscheduledPods":1,"nodes":[{"name":"a","activePods":2},{"name":"b"}]}]}`, true},
		{"a wrong one", checkPlugin, `{"clusters":[{"unscheduledPods":1,"nodes":[{"name":"a","activePods":1},{"name":"b"}]}]}`, false},
		{"no cluster", checkPlugin, `{}`, false},
		{"no JSON", checkPlugin, `NODE`, false},
		{"kubectl's lines", checkPods, "NAME\np\nq\nr\n", true},
		{"a line too few", checkPods, "NAME\np\nq\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.check([]byte(tt.output), truth); (err == nil) != tt.right {
				t.Errorf("%v", err)
			}
		})
	}
}
