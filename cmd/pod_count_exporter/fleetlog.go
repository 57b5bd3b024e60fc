package main

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/go-kit/log/level"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// inOne puts errors into one line; nil without any.
func inOne(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}

// faults are those of the clusters that cannot be used, by name.
func (f *fleet) faults() []error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(f.members)) {
		if fault := f.members[name].fault; fault != nil {
			faults = append(faults, fault)
		}
	}
	return faults
}

// news says whether there is a problem that the log does not tell yet.
func (f *fleet) news(loaded cluster.Loaded) bool {
	return slices.ContainsFunc(loaded.Problems, func(err error) bool { return !f.told[err.Error()] })
}

// report tells, once for as long as it is so, what cannot be used and what was left
// out. The start tells of the files that cannot be read, too; a reload does so itself.
func (f *fleet) report(loaded cluster.Loaded) {
	first := f.told == nil
	told := make(map[string]bool)
	for _, err := range loaded.Problems {
		told[err.Error()] = true
		if first {
			_ = level.Error(f.logger).Log("msg", "Reading a kubeconfig failed", "err", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.members)) {
		if fault := f.members[name].fault; fault != nil {
			told[fault.Error()] = true
			if !f.told[fault.Error()] {
				_ = level.Warn(f.logger).Log("msg", "Cluster cannot be used", "cluster", name, "err", fault)
			}
		}
	}
	for _, path := range loaded.LeftOut {
		told[path] = true
		if !f.told[path] {
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
