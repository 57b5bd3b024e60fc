package cluster

import (
	"crypto/sha256"
	"slices"
)

// markAliases finds the files that are there twice, such as by a symbolic link beside
// what it leads to. The one with a name of its own is kept, else the first. One that
// gave something else, and cannot be read any more, stands for itself.
func markAliases(all []*candidate) {
	kept := make(map[[sha256.Size]byte][]*candidate)
	for _, links := range []bool{false, true} {
		for _, c := range all {
			if c.now.link != links || c.why != "" || !c.now.regular() || c.err != nil && c.good != nil {
				continue
			}
			c.alias = slices.ContainsFunc(kept[c.sum], func(other *candidate) bool { return other.now.same(c.now) })
			if !c.alias {
				kept[c.sum] = append(kept[c.sum], c)
			}
		}
	}
}
