package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-kit/log/level"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// loadResult is the result of one load of the kubeconfigs.
type loadResult struct {
	loaded  cluster.Loaded
	usable  bool             // some replica can count a cluster
	invalid []invalidContext // of this replica, in the order of the kubeconfigs
	others  []error          // faults of clusters that other replicas count
}

// invalidContext is a cluster that cannot be used.
type invalidContext struct {
	name  string
	fault error
}

// add notes the result for a cluster.
func (r *loadResult) add(name string, fault error, own bool) {
	switch {
	case fault == nil:
		r.usable = true
	case own:
		r.invalid = append(r.invalid, invalidContext{name, fault})
	default:
		r.others = append(r.others, fault)
	}
}

func (r loadResult) faults() []error {
	faults := r.others
	for _, one := range r.invalid {
		faults = append(faults, one.fault)
	}
	return faults
}

// fewProblems are as many as the answer to a reload names, which anybody may ask for. The log
// has each once, and again when a signal asks for it.
const fewProblems = 5

// inOne joins the first of the errors into one line, each once; it returns nil without any.
func inOne(errs []error, most int) error {
	var texts []string
	for _, err := range errs {
		if text := err.Error(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if texts == nil {
		return nil
	}
	if more := len(texts) - most; more > 0 {
		texts = append(texts[:most], fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(texts, "; "))
}

// newProblems are those that have not been logged yet.
func (f *fleet) newProblems(r loadResult) []error {
	return slices.DeleteFunc(slices.Clone(r.loaded.Problems), func(err error) bool { return f.logged[err.Error()] })
}

// logLoad logs what cannot be used and what was left out, once for as long as that
// lasts. At the start it also logs the files that cannot be read; a reload does that
// itself.
func (f *fleet) logLoad(r loadResult) {
	logged := make(map[string]bool)
	isNew := func(text string) bool {
		logged[text] = true
		return !f.logged[text]
	}
	for _, err := range r.loaded.Problems {
		if isNew(err.Error()) && f.logged == nil {
			_ = level.Error(f.logger).Log("msg", "Reading a kubeconfig failed", "err", err)
		}
	}
	for _, one := range r.invalid {
		if isNew(one.fault.Error()) {
			_ = level.Warn(f.logger).Log("msg", "Cluster cannot be used", "cluster", one.name, "err", one.fault)
		}
	}
	for _, file := range r.loaded.LeftOut {
		if isNew(file.Path) {
			_ = level.Info(f.logger).Log("msg", "Left out what is no kubeconfig", "file", file.Path, "why", file.Why)
		}
	}
	f.logged = logged
}

// logChange logs what a reload has changed; a retry is logged only if it has changed
// something.
func (f *fleet) logChange(before map[string]target, retry bool) {
	added, changed, removed := 0, 0, 0
	for name, t := range f.targets {
		old, known := before[name]
		switch {
		case !known:
			added++
		case old.Counter != t.Counter:
			changed++
		}
	}
	for name := range before {
		if _, stays := f.targets[name]; !stays {
			removed++
		}
	}
	if retry && added+changed+removed == 0 {
		return
	}
	_ = level.Info(f.logger).Log("msg", "Reloaded the kubeconfigs", "clusters", len(f.targets),
		"added", added, "changed", changed, "removed", removed)
}
