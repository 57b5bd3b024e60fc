package cluster

import (
	"crypto/sha256"
	"slices"
)

// markAliases finds files that are there twice, such as a symbolic link beside its
// target. The file with a name of its own is kept, else the first. While one of the
// two cannot be read, what it held before is used: as its own content, or as that of
// the other.
func markAliases(all []*candidate) {
	kept := make(map[[sha256.Size]byte][]*candidate)
	there := make(map[string]bool)
	for _, links := range []bool{false, true} {
		for _, c := range all {
			there[c.path] = there[c.path] || !c.gone && c.why == ""
			if c.now.link != links || !c.readable() {
				continue
			}
			at := slices.IndexFunc(kept[c.sum], func(other *candidate) bool { return other.now.same(c.now) })
			if c.alias = at >= 0; c.alias {
				c.twin = kept[c.sum][at].path
				continue
			}
			c.twin = ""
			kept[c.sum] = append(kept[c.sum], c)
		}
	}
	for _, c := range all {
		if !c.readable() {
			c.alias = c.twin != c.path && there[c.twin]
		}
	}
}

// readable says whether the file has what it stands for.
func (c *candidate) readable() bool {
	return c.why == "" && c.now.regular() && (c.err == nil || c.good == nil)
}
