package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// fromEnv merges the files of KUBECONFIG.
func (l *Loader) fromEnv(list string) (r reading) {
	origin := originOf("KUBECONFIG", list)
	files, remembered := l.listed(&r, list)
	if len(files)+len(r.problems) == 0 && !l.exists(list) {
		r.fails(fmt.Errorf("%s: no such file", origin))
	}
	config := merge(files, remembered)
	switch err := l.opts.unfit(config); {
	case err == nil:
		l.merged = config
	case len(r.problems) == 0:
		r.fails(fmt.Errorf("%s: %w", origin, err))
	}
	if len(l.merged.Contexts) > 0 {
		r.configs = []kubeconfig{{origin, l.merged}}
	}
	return r
}

// listed reads the files of KUBECONFIG, and returns those with content; those in
// remembered cannot be read again. A file that does not exist is left out, unless it
// existed before.
func (l *Loader) listed(r *reading, list string) (files, remembered []*file) {
	paths := filepath.SplitList(list)
	l.begin(paths)
	for _, path := range paths {
		f := l.file("KUBECONFIG", path, nil)
		if path == "" || slices.Contains(files, f) {
			continue
		}
		now := l.open(f)
		if errors.Is(now.err, fs.ErrNotExist) && f.good == nil {
			continue
		}
		err := f.take(now)
		if err != nil {
			r.fails(err)
		}
		if f.good == nil {
			continue
		}
		files = append(files, f)
		if err != nil || f.once {
			remembered = append(remembered, f)
		}
	}
	return files, remembered
}

// exists says whether any file of KUBECONFIG exists, even an empty one.
func (l *Loader) exists(list string) bool {
	return slices.ContainsFunc(filepath.SplitList(list), func(path string) bool { return l.file("KUBECONFIG", path, nil).read })
}

// merge has client-go's loading rules merge the files that it can read itself, and
// adds those that are remembered.
func merge(files, remembered []*file) *api.Config {
	var rules clientcmd.ClientConfigLoadingRules
	for _, f := range files {
		if !slices.Contains(remembered, f) {
			rules.Precedence = append(rules.Precedence, f.path)
		}
	}
	config, err := rules.Load()
	if err != nil { // a file has changed since it was read
		config, remembered = api.NewConfig(), files
	}
	overlay(config, remembered, files)
	config.CurrentContext = ""
	for _, f := range slices.Backward(files) {
		if f.good.CurrentContext != "" {
			config.CurrentContext = f.good.CurrentContext
		}
	}
	return config
}

// overlay adds files to the result of client-go: of several entries with the same
// name, that of the first file counts.
func overlay(into *api.Config, remembered, files []*file) {
	place := func(path string) int { return slices.IndexFunc(files, func(f *file) bool { return f.path == path }) }
	for _, f := range remembered {
		first := func(origin string) bool { return place(f.path) < place(origin) }
		add(into.Clusters, f.good.Clusters, func(c *api.Cluster) bool { return first(c.LocationOfOrigin) })
		add(into.AuthInfos, f.good.AuthInfos, func(u *api.AuthInfo) bool { return first(u.LocationOfOrigin) })
		add(into.Contexts, f.good.Contexts, func(c *api.Context) bool { return first(c.LocationOfOrigin) })
	}
}

func add[T any](into, from map[string]T, first func(than T) bool) {
	for name, entry := range from {
		if other, there := into[name]; !there || first(other) {
			into[name] = entry
		}
	}
}
