package cluster

import "errors"

// former is a cluster that could be used, and a digest of the entries that it was made
// of, without the files that they name.
type former struct {
	cluster Cluster
	entries string
}

// asBefore makes a cluster the one that it was, if all that is wrong with it is that a
// file which its kubeconfig names hangs. Its error is that fault then.
func (l *Loader) asBefore(c *Cluster, chosen choice, latest map[string]former) error {
	if c.config == nil && c.Fault == nil || chosen.absent != nil || chosen.config.Contexts[chosen.name] == nil {
		return nil
	}
	e := chosen.entries(l.see)
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

// hang says whether one of the files that the entries name does.
func (e entries) hang() bool {
	for _, file := range e.files() {
		if len(file.data) == 0 && file.path != "" && errors.Is(e.read(file.path).err, errHangs) {
			return true
		}
	}
	return false
}
