package cluster

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"
)

// file is a kubeconfig file as it was when it was last looked at.
type file struct {
	path   string
	origin string // what messages begin with: flag or variable, and path

	sum    [sha256.Size]byte // of the content that config or fault come from
	read   bool              // there has been content
	config *api.Config       // nil with a fault
	fault  error
	// good is the last config that gave contexts. A file that once had some stands
	// for them until it goes or has others: it is never taken for another kind of
	// file, nor for an empty one, as which a file that is being written can look.
	good *api.Config
	once bool // good cannot be read again: it came out of a pipe
}

func (l *Loader) file(flag, path string) *file {
	f := l.files[path]
	if f == nil {
		f = &file{path: path}
		l.files[path] = f
	}
	f.origin = fmt.Sprintf("%s=%q", flag, path)
	return f
}

// take makes what was found the content of the file. Its error names the file.
func (f *file) take(now found) error {
	err := now.err
	switch {
	case f.once:
		return nil
	case err != nil:
	case now.mode.IsDir():
		err = errors.New("is a directory")
	default:
		err = f.parse(now)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.origin, err)
	}
	return nil
}

// parse reads the content again if it is not the one that it was.
func (f *file) parse(now found) error {
	sum := sha256.Sum256(now.data)
	if !f.read || sum != f.sum {
		f.config, f.fault = f.decode(now)
		f.sum, f.read = sum, true
	}
	if f.fault != nil {
		return f.fault
	}
	if len(f.config.Contexts) > 0 {
		f.good = f.config
		f.once = !now.regular()
	} else if f.good != nil && empty(f.config) {
		return errors.New("the kubeconfig is empty, and was not before")
	}
	return nil
}

func empty(config *api.Config) bool {
	return len(config.Contexts)+len(config.Clusters)+len(config.AuthInfos) == 0
}

// decode leaves a regular file to client-go's loading rules, which resolve the
// paths in it against its own place. What can be read only once has no place.
func (f *file) decode(now found) (*api.Config, error) {
	if !now.regular() {
		config, err := clientcmd.Load(now.data)
		if err != nil {
			return nil, invalid(now.data, err)
		}
		return config, nil
	}
	config, err := (&clientcmd.ClientConfigLoadingRules{ExplicitPath: f.path}).Load()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, invalid(now.data, err)
	}
	return config, nil
}

// invalid says what is wrong with a kubeconfig. The parsers quote what they could
// not read, which may be a token.
func invalid(data []byte, err error) error {
	if section, name := twice(data); section != "" {
		return fmt.Errorf("not a valid kubeconfig: %s: the name %q is there twice", section, name)
	}
	return fmt.Errorf("not a valid kubeconfig%s", placeIn(err))
}

// twice finds the section of a kubeconfig in which a name is there twice.
func twice(data []byte) (section, name string) {
	type named struct {
		Name string `json:"name"`
	}
	var names struct {
		Clusters []named `json:"clusters"`
		Users    []named `json:"users"`
		Contexts []named `json:"contexts"`
	}
	if yaml.Unmarshal(data, &names) != nil {
		return "", ""
	}
	for _, list := range []struct {
		section string
		entries []named
	}{{"clusters", names.Clusters}, {"users", names.Users}, {"contexts", names.Contexts}} {
		for i, entry := range list.entries {
			if slices.Contains(list.entries[:i], entry) {
				return list.section, entry.Name
			}
		}
	}
	return "", ""
}
