package cluster

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"k8s.io/client-go/tools/clientcmd/api"
)

// Changed says whether a file has changed since the latest Load read it: a
// kubeconfig, one that was added to a directory or removed from it, or a file that
// one of them names. Files are read in full: a mounted Secret is replaced by moving a
// link, and network file systems do not notify.
func (l *Loader) Changed() (changed bool) {
	paths := slices.DeleteFunc(slices.Collect(maps.Keys(l.seen)), l.reader.underWay) // that is for Load
	l.reader.readEach(paths, func(path string, now found) {
		changed = changed || l.state(path, now) != l.seen[path]
	})
	return changed
}

// readOnce reads a path once for each Load. A pipe is not read.
func (l *Loader) readOnce(path string) found {
	l.readEachOnce([]string{path})
	return l.now[path]
}

func (l *Loader) readEachOnce(paths []string) {
	l.reader.readEach(slices.DeleteFunc(paths, func(path string) bool {
		_, seen := l.now[path]
		return seen
	}), func(path string, now found) {
		l.note(path, now)
		l.now[path] = now
	})
}

// note remembers what the first reading of a path in one Load has found, so that
// whatever is written after that shows as a change.
func (l *Loader) note(path string, now found) {
	if _, noted := l.seen[path]; !noted {
		l.seen[path] = l.state(path, now)
	}
}

// state returns that of f, but the names in a directory count only if its path was
// given, and of a token only whether there is one: client-go reads it with each request.
func (l *Loader) state(path string, f found) string {
	switch {
	case f.mode.IsDir() && !slices.Contains(l.opts.Kubeconfigs, path):
		f.entries, f.err = nil, nil
	case l.tokens[path] && len(bytes.TrimSpace(f.data)) > 0:
		f.data = []byte("a token")
	}
	return f.state()
}

// state returns a text that changes with what was found: the content of a file, or
// the names in a directory.
func (f found) state() string {
	switch {
	case errors.Is(f.err, errHangs):
		return errHangs.Error()
	case f.err != nil:
		return f.err.Error()
	case f.mode.IsRegular():
		return fmt.Sprintf("%x", sha256.Sum256(f.data))
	}
	var names []string
	for _, entry := range f.entries {
		if name := entry.Name(); !passedOver(name) && !copyOfOther(name) {
			names = append(names, name)
		}
	}
	return fmt.Sprintf("%v %q", f.mode.Type(), names)
}

// digestOf returns a text that changes with the values and reveals nothing of them.
func digestOf(values ...any) (string, error) {
	data, err := json.Marshal(values)
	if err != nil {
		return "", fmt.Errorf("digesting the context: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// placeOf returns a digest of everything, except the certificate authority, that
// decides where a request ends up.
func placeOf(server *api.Cluster) (string, error) {
	return digestOf(withoutUser(server.Server), withoutUser(server.ProxyURL), server.TLSServerName)
}

// withoutUser returns a URL without the user, who may change while the server stays
// the same.
func withoutUser(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	u.User = nil
	return u.String()
}
