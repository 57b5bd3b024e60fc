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
	maxMembers  = 200
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
	ends []int // of each key in text
}

// add adds a key of the innermost object. Those of the objects around it are outer.
func (k *keyStack) add(key []byte, outer *keyStack) error {
	own := k.ends[len(outer.ends):]
	switch {
	case len(own) == maxMembers:
		return errManyMembers
	case len(k.text)+len(key) > maxKeyBytes:
		return errLongKeys
	}
	begin := len(outer.text)
	for _, end := range own {
		if bytes.Equal(k.text[begin:end], key) {
			return fmt.Errorf("%w %s", errDuplicate, redact.Word(string(key)))
		}
		begin = end
	}
	k.text = append(k.text, key...)
	k.ends = append(k.ends, len(k.text))
	return nil
}
