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

	// These are around each key in decoder.keys. They are in no key, as in no UTF-8.
	keyBegin = 0xfe
	keyEnd   = 0xff
)

var (
	errDuplicate   = errors.New("duplicate key")
	errManyMembers = fmt.Errorf("an object has more than %d members", maxMembers)
	errLongKeys    = fmt.Errorf("the keys of an object are longer than %d bytes", maxKeyBytes)
)

// addKey notes a key of the innermost object. Those of the objects around it take the first
// outer bytes of keys.
func (d *decoder) addKey(key []byte, outer int) error {
	before := len(d.keys)
	d.keys = append(append(append(d.keys, keyBegin), key...), keyEnd)
	own, added := d.keys[outer:before], d.keys[before:]
	switch {
	case len(own) > maxMembers && bytes.Count(own, []byte{keyEnd}) == maxMembers: // not counted where there cannot be so many
		return errManyMembers
	case len(d.keys) > maxKeyBytes:
		return errLongKeys
	case bytes.Contains(own, added):
		return fmt.Errorf("%w %s", errDuplicate, redact.Word(string(key)))
	}
	return nil
}
