package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"k8s.io/client-go/tools/clientcmd/api"
)

// Loader reads the kubeconfigs, again and again. It remembers what a file held
// when it last could be read. It is not for concurrent use.
type Loader struct {
	opts   Options
	env    Env
	reader *reader

	files  map[string]*file    // by path
	dirs   map[string][]string // the files of each directory of --kubeconfig
	merged *api.Config         // of KUBECONFIG's files, when last there were contexts
	owners map[string]string   // the Source that each name belongs to
	seen   map[string]string   // what the latest Load may have read, by path
	named  []string            // files that the kubeconfigs name
}

// NewLoader returns a Loader that has read nothing yet.
func NewLoader(opts Options) *Loader {
	return &Loader{
		opts: opts, env: opts.Env.withDefaults(), reader: newReader(),
		files: make(map[string]*file), dirs: make(map[string][]string), merged: api.NewConfig(),
	}
}

// Loaded is what a Loader has found.
type Loaded struct {
	// Clusters are in the order of the files and of the names within one. Those
	// with a Fault cannot be used.
	Clusters []Cluster
	// Problems are files that cannot be read, whose clusters are those of before,
	// and contexts that have no name of their own.
	Problems []error
	// Nameless is the number of those contexts.
	Nameless int
	// LeftOut are the files of directories that are no kubeconfigs.
	LeftOut []string
}

// Load finds the clusters. Each error names the flag or variable, the file and
// the context, and holds no credential. No API server is asked: one that is down
// is no error here.
func (l *Loader) Load() Loaded {
	// What is written from now on shows as a change.
	l.seen = l.look(l.places())
	r := l.read()
	l.named = namedFiles(r.configs)
	for path, state := range l.look(l.named) {
		l.seen[path] = state
	}
	loaded := Loaded{Clusters: append(r.clusters, choose(l.opts, &r)...), LeftOut: r.leftOut}
	for i := range loaded.Clusters {
		loaded.Clusters[i].plugins = l.opts.Plugins
		if config := loaded.Clusters[i].config; config != nil {
			config.UserAgent = l.opts.UserAgent
		}
	}
	loaded.Problems = r.problems
	l.settleNames(&loaded)
	return loaded
}

// read goes through the places in kubectl's order; the first that exists is the
// only one that counts.
func (l *Loader) read() reading {
	list := l.env.Getenv("KUBECONFIG")
	switch {
	case l.opts.AllContexts && len(l.opts.Contexts) > 0:
		return reading{problems: []error{errors.New("--kubernetes.all-contexts and --kubernetes.context cannot be given together")}}
	case len(l.opts.Kubeconfigs) > 0:
		return l.fromFlags()
	case list != "":
		return l.fromEnv(list)
	case l.opts.inPod(l.env):
		return l.fromServiceAccount()
	}
	return l.fromHome()
}

func (l *Loader) fromServiceAccount() (r reading) {
	config, err := l.env.InCluster()
	if err != nil {
		r.fails(fmt.Errorf("in-cluster configuration: %w (give --kubeconfig to use a file)", err))
		return r
	}
	r.clusters = []Cluster{{Name: InCluster, Source: "in-cluster configuration", Key: InCluster, Server: InCluster, config: config}}
	return r
}

func (l *Loader) fromHome() (r reading) {
	home, err := l.env.Home()
	if err != nil {
		r.fails(fmt.Errorf("no kubeconfig: --kubeconfig and KUBECONFIG are not set, and there is no home directory: %w", err))
		return r
	}
	path := filepath.Join(home, ".kube", "config")
	f := l.file("default kubeconfig", path)
	now := l.reader.readAny(path)
	if errors.Is(now.err, fs.ErrNotExist) && f.good == nil {
		r.fails(fmt.Errorf("no kubeconfig: --kubeconfig and KUBECONFIG are not set, not running in a pod, and %q does not exist", path))
		return r
	}
	r.add(f, f.take(now))
	return r
}

// namedFiles are the files that kubeconfigs name.
func namedFiles(configs []kubeconfig) []string {
	var paths []string
	for _, c := range configs {
		for _, server := range c.config.Clusters {
			paths = append(paths, server.CertificateAuthority)
		}
		for _, user := range c.config.AuthInfos {
			paths = append(paths, user.ClientCertificate, user.ClientKey, user.TokenFile)
		}
	}
	slices.Sort(paths)
	return slices.DeleteFunc(slices.Compact(paths), func(path string) bool { return path == "" })
}
