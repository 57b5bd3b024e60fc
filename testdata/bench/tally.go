package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// tally is the outcome of one count.
type tally struct {
	Nodes       map[string]int `json:"nodes"`
	Unscheduled int            `json:"unscheduledPods"`
	UnknownNode int            `json:"unknownNodePods"`

	// Wall is from the request for the count until its answer is there.
	Wall time.Duration `json:"-"`
	// Plan is how the pages were asked for, as far as the contender tells.
	Plan []page `json:"-"`
	// Bytes are those of the answers' bodies on the wire, as far as it tells.
	Bytes int64 `json:"bytes,omitempty"`
	// Took is the duration of the count alone, as far as it tells.
	Took time.Duration `json:"-"`
}

// page is one request for a page.
type page struct {
	Resource string `json:"resource"` // pods or nodes
	Limit    int    `json:"limit"`
}

// readTruth reads the counts that the control plane was loaded with.
func readTruth(path string) (tally, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return tally{}, fmt.Errorf("reading the truth: %w", err)
	}
	var truth tally
	if err := json.Unmarshal(data, &truth); err != nil {
		return tally{}, fmt.Errorf("reading the truth in %s: %w", path, err)
	}
	if len(truth.Nodes) == 0 {
		return tally{}, fmt.Errorf("reading the truth in %s: it has no nodes", path)
	}
	return truth, nil
}

// check compares a count with the truth and names the first difference.
func (t tally) check(truth tally) error {
	for name, want := range truth.Nodes {
		got, counted := t.Nodes[name]
		if !counted {
			return fmt.Errorf("wrong count: node %s is missing", name)
		}
		if got != want {
			return fmt.Errorf("wrong count: node %s has %d active pods, counted %d", name, want, got)
		}
	}
	switch {
	case len(t.Nodes) != len(truth.Nodes):
		return fmt.Errorf("wrong count: %d nodes, counted %d", len(truth.Nodes), len(t.Nodes))
	case t.Unscheduled != truth.Unscheduled:
		return fmt.Errorf("wrong count: %d unscheduled pods, counted %d", truth.Unscheduled, t.Unscheduled)
	case t.UnknownNode != truth.UnknownNode:
		return fmt.Errorf("wrong count: %d pods on unknown nodes, counted %d", truth.UnknownNode, t.UnknownNode)
	}
	return nil
}

// add counts one active pod on a node, or on none if node is empty.
func (t *tally) add(node string) {
	if node == "" {
		t.Unscheduled++
		return
	}
	if _, exists := t.Nodes[node]; !exists {
		t.UnknownNode++
		return
	}
	t.Nodes[node]++
}

// active is the sum over the nodes that exist.
func (t tally) active() int {
	sum := 0
	for _, n := range t.Nodes {
		sum += n
	}
	return sum
}
