package cluster

import (
	"os"
	"slices"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Loader reads the kubeconfigs again and again. It remembers what each file held when
// it last could be read. It is not for concurrent use.
type Loader struct {
	opts   Options
	env    Env
	reader *reader
	null   *os.File // takes what plugins print; nil until it is needed

	account *rest.Config         // the pod's, once it has been read: client-go sees to the rest
	files   map[string]*file     // by path
	dirs    map[string]directory // by path
	merged  *api.Config          // of KUBECONFIG's files, when they last had contexts
	owners  map[string]owner     // of the names of clusters
	former  map[string]former    // the clusters that could be used, by Source
	seen    map[string]string    // states of everything that the latest Load has read, by path
	tokens  map[string]bool      // paths that the latest Load has read for tokens alone
	now     map[string]found     // what one Load has found of the files that kubeconfigs name
}

// NewLoader returns a Loader that has read nothing yet.
func NewLoader(opts Options) *Loader {
	return &Loader{
		opts: opts, env: opts.Env.withDefaults(), reader: newReader(),
		files: make(map[string]*file), dirs: make(map[string]directory), merged: api.NewConfig(),
	}
}

// Loaded is the result of a Load.
type Loaded struct {
	// Clusters are in the order of the files and of the names within one. Those
	// with a Fault cannot be used.
	Clusters []Cluster
	// Nameless are clusters whose name belongs to another one. They have a Fault.
	Nameless []Cluster
	// Problems are the errors of files that cannot be read, or have no context. The
	// clusters that they had before are among Clusters.
	Problems []error
	// LeftOut are the files of directories that are not read as kubeconfigs.
	LeftOut []LeftOut
}

// Load finds the clusters. Each error names the flag or variable, the file and the
// context, and contains no credential. Load sends no request, so an API server that
// is down is not an error.
func (l *Loader) Load() Loaded {
	l.seen, l.tokens, l.now = make(map[string]string), make(map[string]bool), make(map[string]found)
	defer func() { l.now = nil }()
	r := l.read()
	chosen := l.choose(&r)
	l.readAhead(chosen)
	clusters := slices.Clone(r.clusters)
	latest := make(map[string]former)
	for _, choice := range chosen {
		c := l.cluster(choice)
		if err := l.asBefore(&c, choice, latest); err != nil {
			r.fails(err)
		}
		clusters = append(clusters, c)
	}
	l.former = latest
	for i := range clusters {
		clusters[i].plugins, clusters[i].reader, clusters[i].nowhere = l.opts.Plugins, l.reader, l.nowhere
		if config := clusters[i].config; config != nil {
			config.UserAgent = l.opts.UserAgent
		}
	}
	loaded := Loaded{Problems: r.problems, LeftOut: r.leftOut}
	l.settleNames(&loaded, clusters)
	return loaded
}

// read tries the sources in kubectl's order, and uses only the first that exists.
func (l *Loader) read() reading {
	if err := l.opts.Validate(); err != nil {
		return reading{problems: []error{err}}
	}
	list := l.env.Getenv("KUBECONFIG")
	switch {
	case len(l.opts.Kubeconfigs) > 0:
		return l.fromFlags()
	case list != "":
		return l.fromEnv(list)
	case l.opts.inPod(l.env):
		return l.fromServiceAccount()
	}
	return l.fromHome()
}
