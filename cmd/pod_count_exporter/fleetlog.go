package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-kit/log/level"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// reading is what one reading of the kubeconfigs has found.
type reading struct {
	loaded  cluster.Loaded
	usable  bool      // somebody can count something
	invalid []invalid // of this replica, in the order of the kubeconfigs
	others  []error   // faults of clusters that other replicas count
}

// invalid is a cluster that cannot be used.
type invalid struct {
	name  string
	fault error
}

// take notes what became of a cluster.
func (o *reading) take(name string, fault error, own bool) {
	switch {
	case fault == nil:
		o.usable = true
	case own:
		o.invalid = append(o.invalid, invalid{name, fault})
	default:
		o.others = append(o.others, fault)
	}
}

func (o reading) faults() []error {
	faults := o.others
	for _, one := range o.invalid {
		faults = append(faults, one.fault)
	}
	return faults
}

// inOne puts errors into one line, each once; nil without any.
func inOne(errs []error) error {
	var texts []string
	for _, err := range errs {
		if text := err.Error(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if texts == nil {
		return nil
	}
	return errors.New(strings.Join(texts, "; "))
}

// news says whether there is a problem that the log does not tell yet.
func (f *fleet) news(o reading) bool {
	return slices.ContainsFunc(o.loaded.Problems, func(err error) bool { return !f.told[err.Error()] })
}

// report tells, once for as long as it is so, what cannot be used and what was left
// out. The start tells of the files that cannot be read, too; a reload does so itself.
func (f *fleet) report(o reading) {
	told := make(map[string]bool)
	fresh := func(text string) bool {
		told[text] = true
		return !f.told[text]
	}
	for _, err := range o.loaded.Problems {
		if fresh(err.Error()) && f.told == nil {
			_ = level.Error(f.logger).Log("msg", "Reading a kubeconfig failed", "err", err)
		}
	}
	for _, one := range o.invalid {
		if fresh(one.fault.Error()) {
			_ = level.Warn(f.logger).Log("msg", "Cluster cannot be used", "cluster", one.name, "err", one.fault)
		}
	}
	for _, path := range o.loaded.LeftOut {
		if fresh(path) {
			_ = level.Info(f.logger).Log("msg", "Left out what is no kubeconfig", "file", path)
		}
	}
	f.told = told
}

// logChange tells what a reload has changed.
func (f *fleet) logChange(before map[string]member, cause string) {
	added, changed, removed := 0, 0, 0
	for name, m := range f.members {
		old, known := before[name]
		switch {
		case !known:
			added++
		case old.Counter != m.Counter:
			changed++
		}
	}
	for name := range before {
		if _, stays := f.members[name]; !stays {
			removed++
		}
	}
	if cause == causeRetry && added+changed+removed == 0 {
		return
	}
	_ = level.Info(f.logger).Log("msg", "Reloaded the kubeconfigs", "clusters", len(f.members),
		"added", added, "changed", changed, "removed", removed)
}
