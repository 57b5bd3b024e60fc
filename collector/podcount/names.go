package podcount

import (
	"errors"
	"strings"
	"unicode"
)

const (
	// maxNodeName is the longest name an object can have (RFC 1123 subdomain).
	maxNodeName = 253
	// maxNodeNames and maxNameBytes are far above any cluster: providers offer 65,000
	// nodes, some 100,000. They keep a server that makes up names from filling
	// memory.
	maxNodeNames = 200_000
	maxNameBytes = 16 << 20

	errManyNames = budgetError("the names of nodes exceed the budget of a cluster, 200000")
	errNameBytes = budgetError("the names of nodes exceed the budget of a cluster, 16 MiB")
	errNoRoom    = budgetError("the names of nodes and the continue tokens exceed what the budget of the process, a part of GOMEMLIMIT, has left for this cluster")
)

var (
	errLongName = errors.New("a name is longer than 253 bytes")
	errOddName  = errors.New("a node name has characters that cannot be printed")
	errNodeName = errors.New("a node has no name")
	errEchoed   = errors.New("the answer has a credential of the request in place of a name or a resourceVersion")
)

// names accounts for the memory of the names in one tally or set of nodes.
type names struct {
	ledger *ledger
	count  int
	bytes  int
}

// cost is half as much again as what names take in memory, in bytes, with their entries
// in maps and slices: some garbage of them is always there besides.
func cost(count, bytes int) int64 { return int64(256*count + 2*bytes) }

// take accounts for a new name. echoed may be nil.
func (n *names) take(name string, echoed func(string) bool) error {
	switch {
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errOddName
	case n.count == maxNodeNames:
		return errManyNames
	case n.bytes+len(name) > maxNameBytes:
		return errNameBytes
	case echoed != nil && echoed(name):
		return errEchoed
	case !n.ledger.take(cost(1, len(name))):
		return errNoRoom
	}
	n.count++
	n.bytes += len(name)
	return nil
}

func (n *names) giveBack(name string) {
	n.count--
	n.bytes -= len(name)
	n.ledger.giveBack(cost(1, len(name)))
}

// drop gives all back.
func (n *names) drop() {
	n.ledger.giveBack(cost(n.count, n.bytes))
	n.count, n.bytes = 0, 0
}
