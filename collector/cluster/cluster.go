// Package cluster says which Kubernetes clusters there are and how to reach
// them: it reads kubeconfigs (or the service account of the pod it runs in) and
// turns each context into an HTTP client. No error that leaves the package
// holds a credential.
package cluster

import (
	"errors"
	"os"
	"slices"

	"k8s.io/client-go/rest"
)

// InCluster is the name of the cluster whose pod the program runs in, unless
// Options.Name gives it another.
const InCluster = "in-cluster"

// Cluster is one Kubernetes API server with the credentials for it.
type Cluster struct {
	// Name is the value of the label "cluster". Unique among the clusters of one
	// Load.
	Name string
	// Source names where the cluster was found (flag or variable, file, context)
	// for messages. It holds no credentials.
	Source string
	// Key changes with the server, the credentials and everything else that the
	// client is made of. Files that client-go reads again by itself (tokens, client
	// certificates) count by their paths only. It reveals nothing.
	Key string
	// Server changes with what decides where a request ends up: the server's URL, the
	// proxy's, tls-server-name and the certificate authority. Place is the same
	// without the authority, which may be in a file that cannot be read. Either is
	// empty if a Fault keeps it from being known, and Server if the authority's
	// certificates are cut off, too. They reveal nothing.
	Server, Place string
	// Login changes with the user's entry. It reveals nothing.
	Login string
	// Fault says why the cluster cannot be used. It names the Source and the field,
	// and quotes no value of the user's entry. It is nil if the kubeconfig has no
	// fault.
	Fault error

	config  *rest.Config
	from    pair // of what config has the content of
	reader  *reader
	plugins *Plugins
	nowhere func() (*os.File, error) // shared by all clusters of a Loader
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
	// NameFrom says what a cluster is named after otherwise, one of NameSources;
	// the context when empty.
	NameFrom string
	// UserAgent is sent with every request; client-go's own when empty.
	UserAgent string
	// Plugins receives the standard error of credential plugins; nobody does if nil.
	Plugins *Plugins
	// Env is the environment of the process; tests replace it.
	Env Env
}

// Env is what a Loader asks of the process's environment. The functions of the
// standard library and client-go take the place of nil fields.
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

// Validate checks what no kubeconfig can make right. Load has the same error.
func (o Options) Validate() error {
	switch {
	case o.AllContexts && len(o.Contexts) > 0:
		return errors.New("--kubernetes.all-contexts and --kubernetes.context cannot be given together")
	case slices.Contains(o.Kubeconfigs, ""):
		return errors.New(`--kubeconfig="": the path is empty`)
	}
	return nil
}

// inPod says whether to use the service account of the pod, once flag and variable
// are ruled out. It has no contexts, so asking for one means a file.
func (o Options) inPod(env Env) bool {
	return len(o.Contexts) == 0 && !o.AllContexts && env.Getenv("KUBERNETES_SERVICE_HOST") != ""
}
