package cluster

import "errors"

// Load is a Loader's first Load, for tests of its result: its error has all problems
// and faults.
func Load(opts Options) ([]Cluster, error) {
	loaded := NewLoader(opts).Load()
	errs := loaded.Problems
	for _, c := range append(loaded.Clusters, loaded.Nameless...) {
		errs = append(errs, c.Fault)
	}
	return loaded.Clusters, errors.Join(errs...)
}
