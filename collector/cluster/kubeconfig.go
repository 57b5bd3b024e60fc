package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// file is a kubeconfig: one file, or the several of KUBECONFIG merged.
type file struct {
	// origin is what messages begin with: flag or variable, and path.
	origin string
	config *api.Config
}

// fromFlags reads each file of --kubeconfig apart from the others: unlike
// KUBECONFIG's files they do not share users and clusters, so that the
// kubeconfigs of several clusters, alike but for the address, can stand together.
func fromFlags(opts Options) ([]Cluster, error) {
	var files []file
	for _, path := range opts.Kubeconfigs {
		paths, err := expand(path)
		if err != nil {
			return nil, fmt.Errorf("--kubeconfig=%q: %w", path, err)
		}
		for _, p := range paths {
			f, err := readFile("--kubeconfig", p)
			if err != nil {
				return nil, err
			}
			files = append(files, f)
		}
	}
	return choose(opts, files)
}

// fromEnv merges the files of KUBECONFIG the way kubectl does: the first file
// that has a name wins, and files that do not exist are passed over.
func fromEnv(opts Options, list string) ([]Cluster, error) {
	merged := api.NewConfig()
	found := 0
	for _, path := range filepath.SplitList(list) {
		if path == "" {
			continue
		}
		f, err := readFile("KUBECONFIG", path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found++
		merge(merged, f.config)
	}
	if found == 0 {
		return nil, fmt.Errorf("KUBECONFIG=%q: no such file", list)
	}
	return choose(opts, []file{{origin: fmt.Sprintf("KUBECONFIG=%q", list), config: merged}})
}

func merge(into, from *api.Config) {
	if into.CurrentContext == "" {
		into.CurrentContext = from.CurrentContext
	}
	keepFirst(into.Contexts, from.Contexts)
	keepFirst(into.Clusters, from.Clusters)
	keepFirst(into.AuthInfos, from.AuthInfos)
}

func keepFirst[T any](into, from map[string]T) {
	for name, value := range from {
		if _, ok := into[name]; !ok {
			into[name] = value
		}
	}
}

// expand gives the regular files of a directory in the order of their names, or
// the path itself. Hidden entries are passed over: a mounted Secret keeps its
// versions in them. Links are followed, as the files of a Secret are links.
func expand(path string) ([]string, error) {
	if path == "" {
		return nil, errors.New("the path is empty")
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, cause(err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, cause(err)
	}
	var paths []string
	for _, entry := range entries {
		p := filepath.Join(path, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			paths = append(paths, p)
		}
	}
	if len(paths) == 0 {
		return nil, errors.New("the directory holds no files")
	}
	return paths, nil
}

// readFile reads one kubeconfig. Paths in it are resolved against its own place.
func readFile(flag, path string) (file, error) {
	f := file{origin: fmt.Sprintf("%s=%q", flag, path)}
	data, err := os.ReadFile(path)
	if err != nil {
		return f, fmt.Errorf("%s: %w", f.origin, cause(err))
	}
	config, err := clientcmd.Load(data)
	if err != nil {
		// The parsers quote what they could not read, which may be a token.
		return f, fmt.Errorf("%s: not a valid kubeconfig%s", f.origin, placeIn(err))
	}
	setOrigin(config, path)
	if err := clientcmd.ResolveLocalPaths(config); err != nil {
		return f, fmt.Errorf("%s: resolving the paths in it: %w", f.origin, err)
	}
	f.config = config
	return f, nil
}

func setOrigin(config *api.Config, path string) {
	for _, c := range config.Clusters {
		c.LocationOfOrigin = path
	}
	for _, u := range config.AuthInfos {
		u.LocationOfOrigin = path
	}
	for _, c := range config.Contexts {
		c.LocationOfOrigin = path
	}
}

// cause strips operation and path, which the message has already, from the error
// of a file.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
