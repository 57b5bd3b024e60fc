package kubesim

import (
	"slices"
	"sort"
)

// baseVersion is the resourceVersion of a cluster before its first change.
const baseVersion = 48_210_000

// base is the state that a cluster starts with, sorted by key.
type base[T any] interface {
	Len() int
	At(i int) (key string, value T)
}

// history is a base and every change to it since: a value for each key at each
// resourceVersion. Its memory grows with the changes only. Its owner guards it
// against concurrent use.
type history[T any] struct {
	base    base[T]
	changed []*versions[T] // sorted by key
	log     []change[T]    // sorted by version
}

// versions are the values that one key had, oldest first. Before the first of them,
// the key has the base's value, if the base has the key.
type versions[T any] struct {
	key    string
	inBase bool
	states []state[T]
}

// state is a key's value from a resourceVersion on; nil once it is deleted.
type state[T any] struct {
	version int64
	value   *T
}

// change is one entry of the log that watches read: the value of a key before and
// after, nil for none.
type change[T any] struct {
	version  int64
	key      string
	old, new *T
}

// item is a key and its value.
type item[T any] struct {
	key   string
	value T
}

// search returns the index in the base of the first key that is not below key, and
// whether it is that key.
func (h *history[T]) search(key string) (int, bool) {
	n := h.base.Len()
	i := sort.Search(n, func(i int) bool {
		k, _ := h.base.At(i)
		return k >= key
	})
	if i == n {
		return i, false
	}
	k, _ := h.base.At(i)
	return i, k == key
}

func (h *history[T]) searchChanged(key string) (int, bool) {
	return slices.BinarySearchFunc(h.changed, key, func(v *versions[T], key string) int {
		switch {
		case v.key < key:
			return -1
		case v.key > key:
			return 1
		}
		return 0
	})
}

// at returns the value at a resourceVersion, and whether that is still the base's.
func (v *versions[T]) at(version int64) (value *T, unchanged bool) {
	for i := len(v.states) - 1; i >= 0; i-- {
		if v.states[i].version <= version {
			return v.states[i].value, false
		}
	}
	return nil, true
}

// read appends up to limit items at a resourceVersion, from key start on.
func (h *history[T]) read(out []item[T], start string, version int64, limit int) []item[T] {
	i, _ := h.search(start)
	c, _ := h.searchChanged(start)
	n := h.base.Len()
	for limit > 0 && (i < n || c < len(h.changed)) {
		var key string
		var value T
		if i < n {
			key, value = h.base.At(i)
		}
		if c == len(h.changed) || i < n && key < h.changed[c].key {
			out, i, limit = append(out, item[T]{key, value}), i+1, limit-1
			continue
		}
		v := h.changed[c]
		c++
		now, unchanged := v.at(version)
		if v.inBase {
			i++
		}
		if unchanged && v.inBase {
			now = &value
		}
		if now != nil {
			out, limit = append(out, item[T]{v.key, *now}), limit-1
		}
	}
	return out
}

// count returns the number of keys from start to end at a version; an empty end means
// no end.
func (h *history[T]) count(start, end string, version int64) int {
	i, _ := h.search(start)
	c, _ := h.searchChanged(start)
	n, last := h.base.Len(), len(h.changed)
	if end != "" {
		n, _ = h.search(end)
		last, _ = h.searchChanged(end)
	}
	sum := n - i
	for _, v := range h.changed[c:last] {
		now, unchanged := v.at(version)
		switch {
		case unchanged:
		case v.inBase && now == nil:
			sum--
		case !v.inBase && now != nil:
			sum++
		}
	}
	return sum
}

// get returns the newest value of a key.
func (h *history[T]) get(key string) (T, bool) {
	var none T
	if c, ok := h.searchChanged(key); ok {
		if s := h.changed[c].states; s[len(s)-1].value != nil {
			return *s[len(s)-1].value, true
		}
		return none, false
	}
	if i, ok := h.search(key); ok {
		_, value := h.base.At(i)
		return value, true
	}
	return none, false
}

// put makes value (nil: deleted) the newest one of key, at a version that is
// larger than all before it.
func (h *history[T]) put(key string, value *T, version int64) {
	entry := change[T]{version: version, key: key, new: value}
	if old, ok := h.get(key); ok {
		entry.old = &old
	}
	h.log = append(h.log, entry)
	c, ok := h.searchChanged(key)
	if !ok {
		_, inBase := h.search(key)
		h.changed = slices.Insert(h.changed, c, &versions[T]{key: key, inBase: inBase})
	}
	h.changed[c].states = append(h.changed[c].states, state[T]{version, value})
}

// forget drops what only readers of versions below the given one could read.
func (h *history[T]) forget(version int64) {
	h.log = slices.Clone(h.log[h.since(version-1):])
	h.changed = slices.DeleteFunc(h.changed, func(v *versions[T]) bool {
		first := 0
		for first+1 < len(v.states) && v.states[first+1].version <= version {
			first++
		}
		v.states = slices.Clone(v.states[first:])
		return !v.inBase && len(v.states) == 1 && v.states[0].value == nil && v.states[0].version <= version
	})
}

// since returns the index of the log's first change after a version.
func (h *history[T]) since(version int64) int {
	return sort.Search(len(h.log), func(i int) bool { return h.log[i].version > version })
}
