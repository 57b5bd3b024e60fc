// Package cluster says which Kubernetes clusters there are and how to reach
// them: it reads kubeconfigs (or the service account of the pod it runs in) and
// turns each context into an HTTP client. No error that leaves the package
// holds a credential.
package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unicode/utf8"

	"k8s.io/client-go/rest"
)

// InCluster is the name of the cluster whose pod the program runs in, unless
// Options.Name gives it another.
const InCluster = "in-cluster"

// Cluster is one Kubernetes API server with the credentials for it.
type Cluster struct {
	// Name is the value of the label "cluster": the context's name or
	// Options.Name. Unique among the clusters of one Load.
	Name string
	// Source names where the cluster was found (flag or variable, file, context)
	// for messages. It holds no credentials.
	Source string
	// Key changes with the server, the credentials and all else that the client
	// is made of. Files that client-go reads again by itself (tokens, client
	// certificates) are in it by their paths only. It reveals nothing.
	Key string

	config  *rest.Config
	plugins *Plugins
	// the names of the kubeconfig's entries, for messages
	clusterEntry, userEntry string
}

// Options say where to look for clusters. The zero value looks where kubectl
// does.
type Options struct {
	// Kubeconfigs are the files, or directories of files, of --kubeconfig. When
	// empty: KUBECONFIG, then the pod's service account, then ~/.kube/config.
	Kubeconfigs []string
	// Contexts are the names of --kubernetes.context, looked for in all files.
	Contexts []string
	// AllContexts takes every context of every file.
	AllContexts bool
	// Name replaces the name of the cluster; an error when there are several.
	Name string
	// UserAgent is sent with every request; client-go's own when empty.
	UserAgent string
	// Plugins hears the standard error of credential plugins; nobody does if nil.
	Plugins *Plugins
	// Env is the surroundings of the process; tests replace it.
	Env Env
}

// Env is what Load asks of the process's surroundings. A nil field stands for
// the real thing.
type Env struct {
	// Getenv is os.Getenv.
	Getenv func(string) string
	// Home is os.UserHomeDir.
	Home func() (string, error)
	// InCluster is rest.InClusterConfig.
	InCluster func() (*rest.Config, error)
}

// Lookup returns the value of a variable, empty when it is not set.
func (e Env) Lookup(name string) string { return e.withDefaults().Getenv(name) }

func (e Env) withDefaults() Env {
	if e.Getenv == nil {
		e.Getenv = os.Getenv
	}
	if e.Home == nil {
		e.Home = os.UserHomeDir
	}
	if e.InCluster == nil {
		e.InCluster = rest.InClusterConfig
	}
	return e
}

// Load finds the clusters, in the order of the files and of the names within
// one. Each error names the flag or variable, the file and the context. No API
// server is asked: one that is down is no error here.
func Load(opts Options) ([]Cluster, error) {
	if opts.AllContexts && len(opts.Contexts) > 0 {
		return nil, errors.New("--kubernetes.all-contexts and --kubernetes.context cannot be given together")
	}
	env := opts.Env.withDefaults()
	clusters, err := find(opts, env)
	if err != nil {
		return nil, err
	}
	if opts.Name != "" {
		if len(clusters) > 1 {
			return nil, fmt.Errorf("--kubernetes.cluster-name=%q names one cluster, but there are %d", opts.Name, len(clusters))
		}
		clusters[0].Name = opts.Name
	}
	for i := range clusters {
		clusters[i].config.UserAgent = opts.UserAgent
		clusters[i].plugins = opts.Plugins
	}
	return clusters, checkNames(clusters)
}

// find goes through the places in kubectl's order; the first that exists is the
// only one that counts.
func find(opts Options, env Env) ([]Cluster, error) {
	if len(opts.Kubeconfigs) > 0 {
		return fromFlags(opts)
	}
	if list := env.Getenv("KUBECONFIG"); list != "" {
		return fromEnv(opts, list)
	}
	if opts.inPod(env) {
		return fromServiceAccount(env)
	}
	return fromHome(opts, env)
}

// inPod says whether the service account is the place, once flag and variable
// are ruled out. It has no contexts, so asking for some means a file.
func (o Options) inPod(env Env) bool {
	return len(o.Contexts) == 0 && !o.AllContexts && env.Getenv("KUBERNETES_SERVICE_HOST") != ""
}

func fromServiceAccount(env Env) ([]Cluster, error) {
	config, err := env.InCluster()
	if err != nil {
		return nil, fmt.Errorf("in-cluster configuration: %w (give --kubeconfig to use a file)", err)
	}
	return []Cluster{{Name: InCluster, Source: "in-cluster configuration", Key: InCluster, config: config}}, nil
}

func fromHome(opts Options, env Env) ([]Cluster, error) {
	home, err := env.Home()
	if err != nil {
		return nil, fmt.Errorf("no kubeconfig: --kubeconfig and KUBECONFIG are not set, and there is no home directory: %w", err)
	}
	path := filepath.Join(home, ".kube", "config")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no kubeconfig: --kubeconfig and KUBECONFIG are not set, not running in a pod, and %q does not exist", path)
	}
	f, err := readFile("default kubeconfig", path)
	if err != nil {
		return nil, err
	}
	return choose(opts, []file{f})
}

// checkNames refuses names that two clusters would share, as their series would
// be the same, and names that cannot be label values.
func checkNames(clusters []Cluster) error {
	seen := map[string]string{}
	for _, c := range clusters {
		if !utf8.ValidString(c.Name) {
			return fmt.Errorf("%s: the cluster's name %q is not valid UTF-8", c.Source, c.Name)
		}
		if other, ok := seen[c.Name]; ok {
			return fmt.Errorf("two clusters are named %q: %s and %s", c.Name, other, c.Source)
		}
		seen[c.Name] = c.Source
	}
	return nil
}
