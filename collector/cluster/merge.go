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

// fromEnv merges the files of KUBECONFIG by client-go's loading rules, which pass
// over files that do not exist.
func (l *Loader) fromEnv(list string) (r reading) {
	origin := fmt.Sprintf("KUBECONFIG=%q", list)
	var readable []string  // by client-go
	var remembered []*file // those that it cannot read, or not again
	var order []string
	var current string
	for _, path := range filepath.SplitList(list) {
		if path == "" || slices.Contains(order, path) {
			continue
		}
		f := l.file("KUBECONFIG", path)
		now := found{}
		if !f.once {
			now = l.reader.readAny(path)
		}
		if errors.Is(now.err, fs.ErrNotExist) && (f.good == nil || !there(path)) {
			continue
		}
		order = append(order, path)
		err := f.take(now)
		config := f.config
		switch {
		case err == nil && now.regular():
			readable = append(readable, path)
		case f.good != nil:
			config = f.good
			remembered = append(remembered, f)
		}
		if err != nil {
			r.fails(err)
		}
		if current == "" && config != nil {
			current = config.CurrentContext
		}
	}
	if len(order) == 0 {
		r.fails(fmt.Errorf("%s: no such file", origin))
	}
	merged, err := (&clientcmd.ClientConfigLoadingRules{Precedence: readable}).Load()
	if err != nil {
		r.fails(fmt.Errorf("%s: a file changed while it was read", origin))
		merged = l.merged
	} else {
		overlay(merged, remembered, order)
		merged.CurrentContext = current
	}
	if len(order) > 0 && len(r.problems) == 0 && len(merged.Contexts) == 0 {
		r.fails(fmt.Errorf("%s: the kubeconfig has no contexts", origin))
	}
	if len(merged.Contexts) == 0 {
		merged = l.merged
	}
	l.merged = merged
	if len(merged.Contexts) > 0 {
		r.configs = []kubeconfig{{origin, "", merged}}
	}
	return r
}

// overlay adds to what client-go has merged the files that it cannot read: an entry
// is the one of the first file that has its name.
func overlay(into *api.Config, files []*file, order []string) {
	for _, f := range files {
		before := func(origin string) bool { return slices.Index(order, f.path) < slices.Index(order, origin) }
		add(into.Clusters, f.good.Clusters, func(c *api.Cluster) bool { return before(c.LocationOfOrigin) })
		add(into.AuthInfos, f.good.AuthInfos, func(u *api.AuthInfo) bool { return before(u.LocationOfOrigin) })
		add(into.Contexts, f.good.Contexts, func(c *api.Context) bool { return before(c.LocationOfOrigin) })
	}
}

func add[T any](into, from map[string]T, before func(T) bool) {
	for name, entry := range from {
		if other, there := into[name]; !there || before(other) {
			into[name] = entry
		}
	}
}
