package podcount

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// maxMembers is how many members an object may have that is read, not skipped, and
// maxKeyBytes how long their keys may be, with those of the objects around it: they are
// kept until its end. A pod's and a node's have some twenty members.
const (
	maxMembers  = 1000
	maxKeyBytes = 64 << 10
)

var (
	errDuplicate   = errors.New("duplicate key")
	errManyMembers = fmt.Errorf("an object has more than %d members", maxMembers)
	errLongKeys    = fmt.Errorf("the keys of an object are longer than %d bytes", maxKeyBytes)
)

// keyStack has the keys of the objects that are being read, one within the other.
type keyStack struct {
	text []byte
	ends []int // of each key in text, after a 0
	own  int   // where the first of the innermost object begins, in ends
}

// open begins an object, and returns what close needs at its end.
func (k *keyStack) open() (outer int) {
	outer, k.own = k.own, len(k.ends)-1
	return outer
}

func (k *keyStack) close(outer int) {
	k.text, k.ends, k.own = k.text[:k.ends[k.own]], k.ends[:k.own+1], outer
}

func (k *keyStack) add(key []byte) error {
	own := k.ends[k.own:]
	if len(own) > maxMembers {
		return errManyMembers
	}
	if len(k.text)+len(key) > maxKeyBytes {
		return errLongKeys
	}
	for i := range own[1:] {
		if bytes.Equal(k.text[own[i]:own[i+1]], key) {
			return fmt.Errorf("%w %q", errDuplicate, redact.Line(string(key)))
		}
	}
	k.text = append(k.text, key...)
	k.ends = append(k.ends, len(k.text))
	return nil
}
