package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// TestAdvice holds that there is something to try after each failure, and that it
// is something else each time.
func TestAdvice(t *testing.T) {
	given := make(map[string]string)
	for _, reason := range podcount.Reasons() {
		r := failedOf("a", &podcount.PageError{Resource: podcount.Pods, Reason: reason, Err: errors.New("no")})
		given[string(reason)] = (&options{pages: podcount.DefaultConfig()}).advice(r)
	}
	namespaced := podcount.DefaultConfig()
	namespaced.Namespaces = []string{"a"}
	given["forbidden in a namespace"] = (&options{pages: namespaced}).advice(failedOf("a", &podcount.PageError{Reason: podcount.Forbidden, Err: errors.New("no")}))
	given["no namespace"] = (&options{}).advice(failedOf("a", &podcount.PageError{Resource: podcount.Namespaces, Reason: podcount.Server, Err: errors.New("no")}))
	given[reasonConfig] = (&options{}).advice(failedOf("a", &store.ConfigError{Err: errors.New("no")}))
	texts := make(map[string]string)
	for reason, text := range given {
		if text == "" || texts[text] != "" {
			t.Errorf("the advice after %s is %q, as after %q", reason, text, texts[text])
		}
		texts[text] = reason
	}
	if text := (&options{}).advice(failedOf("a", &interruptedError{})); text != "" {
		t.Errorf("advice to who did not wait: %q", text)
	}
}

func TestNotes(t *testing.T) {
	with := func(r *result, change func(*podcount.Snapshot)) *result { change(r.snapshot); return r }
	tests := []struct {
		name, args string
		result     *result
		want       []string // beginnings
	}{
		{"a node says nothing", "", production(), []string{"1 of 8 nodes do not say"}},
		{"and is left out", "--min-percent=1", production(), []string{"1 of 8 nodes do not say", "--min-percent leaves out 1 node "}},
		{"namespace", "-n a", staging(), []string{"you may not list nodes"}},
		{"nodes of a namespace say nothing", "-n a", with(staging(), func(s *podcount.Snapshot) { s.NodesForbidden = false }), nil},
		{"pages of several moments", "", with(production(), func(s *podcount.Snapshot) { s.Consistent, s.Nodes = false, s.Nodes[:1] }),
			[]string{"the pages do not show one moment"}},
		{"no nodes", "", countedOf("a", podcount.Snapshot{}), []string{"there is no node"}},
		{"failed", "", broken(), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, _, err := parseFlags(strings.Fields(tt.args), t.Output())
			if err != nil {
				t.Fatal(err)
			}
			got := o.notes(tt.result)
			if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestFailuresAreToldSafely(t *testing.T) {
	d := newDesk(t)
	f := &fleet{
		opts: &options{}, around: surroundings{stderr: &d.stderr}, last: lastCounts{counts: map[string]lastCount{"": {Pods: 9000}}},
		results: []*result{failedOf("a\x1b[2J", &interruptedError{store.Progress{Resource: podcount.Pods, Page: 4, Pods: 1500}})},
		said:    said{lines: map[string]string{"a\x1b[2J": "log\x07in"}}, problems: []error{errors.New("b\nc")},
	}
	if code := f.report(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	d.wantErrors(`error: b\u000ac`, `error: a\u001b[2J: interrupted at page 4 of the pods, with 1,500 pods read of about 9,000`,
		`  the credential plugin said: log\u0007in`)
}
