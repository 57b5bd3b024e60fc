package cluster

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// errNoContexts is the error of a kubeconfig that is not merged with others.
var errNoContexts = errors.New("the kubeconfig has no contexts")

// file is a kubeconfig file as it was when it was last read.
type file struct {
	path   string
	origin string // what messages begin with: flag or variable, and path
	// unfit returns why nothing can be chosen from a config. It is nil for a file of
	// KUBECONFIG's list: other files of the list may have the contexts.
	unfit func(*api.Config) error
	// listed is a file of a directory. It is parsed only if it looks like a kubeconfig, or
	// once was one: others are logs and dumps.
	listed bool

	sum    [sha256.Size]byte // of the content that config and fault come from
	read   bool              // there has been content
	config *api.Config       // nil with a fault
	fault  error
	// good is the last config that was valid. It is used until there is a new one: a
	// file that once had contexts is never taken for something else, nor for an empty
	// kubeconfig, which is what a file that is being written can look like.
	good *api.Config
	once bool // good came out of a pipe, and cannot be read again
	// twin is the path of the same file under the name that is kept. It is empty if
	// there was none when the file last could be read.
	twin string
}

func newFile(origin, path string, unfit func(*api.Config) error) *file {
	return &file{path: path, origin: originOf(origin, path), unfit: unfit}
}

// maxName is the length from which no file system accepts a name (limits.h,
// NAME_MAX).
const maxName = 255

// originOf returns flag or variable with its value: a path, or KUBECONFIG's list of
// them. If the value is the text of a kubeconfig instead of a path, it is not shown.
func originOf(setting, value string) string {
	separators := func(r rune) bool { return r == filepath.Separator || r == filepath.ListSeparator }
	tooLong := func(name string) bool { return len(name) > maxName }
	if strings.ContainsAny(value, "\n\r{") || slices.ContainsFunc(strings.FieldsFunc(value, separators), tooLong) {
		sum := sha256.Sum256([]byte(value)) // origins must differ
		return fmt.Sprintf("%s (%d bytes that do not look like a path, %x)", setting, len(value), sum[:4])
	}
	return fmt.Sprintf("%s=%q", setting, value)
}

// take makes now the content of the file. Its error names the file.
func (f *file) take(now found) error {
	err := now.err
	switch {
	case f.once:
		return nil
	case errors.Is(err, errHangs) && f.fault != nil: // the content came out of a pipe that nobody writes to any more
		err = f.fault
	case err != nil:
	case now.mode.IsDir():
		err = errors.New("is a directory")
	case now.data == nil:
		err = errors.New("is not a regular file")
	case f.unfit != nil && !now.regular() && len(now.data) == 0:
		err = errors.New("nothing came out of it")
	default:
		err = f.parse(now)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.origin, err)
	}
	return nil
}

// parse parses the content if it has changed.
func (f *file) parse(now found) error {
	sum := sha256.Sum256(now.data)
	if !f.read || sum != f.sum {
		f.config, f.fault = f.decode(now.data)
		f.sum, f.read = sum, true
	}
	switch {
	case f.fault != nil:
		return f.fault
	case f.unfit != nil && f.unfit(f.config) != nil:
		return f.unfit(f.config)
	case f.unfit == nil && empty(f.config):
		if f.good != nil {
			return errors.New("the kubeconfig is empty, and was not before")
		}
		return nil
	}
	f.good, f.once = f.config, !now.regular()
	return nil
}

func empty(c *api.Config) bool {
	return len(c.Contexts)+len(c.Clusters)+len(c.AuthInfos)+len(c.CurrentContext) == 0
}

// maxEntries limits the entries of a kubeconfig. Each takes some 400 bytes while it is
// parsed, and a cluster with its context and user has some 20, or 60 with a plugin.
const maxEntries = 100_000

const errTooMany = exceeds("more than 100,000 entries")

// breaks end a line of YAML, and blanks a sign.
const (
	breaks = "\n\r\u0085\u2028\u2029"
	blanks = " \t" + breaks
)

// entriesIn returns about how many entries data has, as YAML or JSON: a colon in a value, as
// names and addresses have, is none. What an alias stands for is not counted again.
func entriesIn(data []byte) int {
	entries, keys, inFlow := 0, 0, 0
	for at, sign := range data {
		switch sign {
		case '-', '?', ':':
			quoted := sign == ':' && at > 0 && (data[at-1] == '"' || data[at-1] == '\'')
			next, _ := utf8.DecodeRune(data[at+1:])
			switch {
			case !quoted && !strings.ContainsRune(blanks, next):
			case sign == ':':
				keys++
			default:
				entries++
			}
		case ',', '[', '{':
			inFlow++
		}
	}
	return entries + max(keys, inFlow)
}

// decode is client-go's LoadFromFile for content that has already been read: a pipe
// can be read only once, and a second reading might not end.
func (f *file) decode(data []byte) (*api.Config, error) {
	data, broken := inUTF8(data)
	switch {
	case f.listed && f.good == nil && !meant(data):
		return nil, errNoContexts
	case entriesIn(data) > maxEntries:
		return nil, errTooMany
	case broken != nil:
		return nil, broken
	}
	config, err := clientcmd.Load(data)
	if err != nil {
		return nil, invalid(data, err)
	}
	for _, c := range config.Clusters {
		c.LocationOfOrigin = f.path
	}
	for _, u := range config.AuthInfos {
		u.LocationOfOrigin = f.path
	}
	for _, c := range config.Contexts {
		c.LocationOfOrigin = f.path
	}
	if err := clientcmd.ResolveLocalPaths(config); err != nil {
		return nil, errors.New("the paths in it cannot be resolved")
	}
	return config, nil
}
