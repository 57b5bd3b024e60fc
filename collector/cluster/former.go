package cluster

import "errors"

// former is a cluster that was usable, with a digest of its entries without the
// content of the files that they name.
type former struct {
	cluster Cluster
	entries string
}

// asBefore replaces a cluster by what it was before, if its only fault is a file of
// its kubeconfig that hangs. It then returns that fault as the error.
func (l *Loader) asBefore(c *Cluster, chosen choice, latest map[string]former) error {
	if chosen.absent != nil || chosen.config.Contexts[chosen.name] == nil {
		return nil
	}
	e := chosen.entries(l.readOnce)
	digest, err := digestOf(e.cluster, e.user)
	if err != nil {
		return err
	}
	before, known := l.former[c.Source]
	switch {
	case c.Fault == nil:
		latest[c.Source] = former{*c, digest}
	case known && before.entries == digest && e.hang():
		fault := c.Fault
		*c, latest[c.Source] = before.cluster, before
		return fault
	}
	return nil
}

// hang says whether reading one of the entries' files hangs.
func (e entries) hang() bool {
	for _, file := range e.files() {
		if len(file.data) == 0 && file.path != "" && errors.Is(e.read(file.path).err, errHangs) {
			return true
		}
	}
	return false
}
