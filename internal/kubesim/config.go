package kubesim

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Sizes of the cluster that DefaultConfig describes.
const (
	DefaultCluster          = "jobsscz-k8s-cluster"
	DefaultNodes            = 104
	DefaultPods             = 9842
	DefaultFinished         = 411
	DefaultUnscheduled      = 7
	DefaultImagesPerNode    = 40
	DefaultBookmarkInterval = time.Minute
)

// maxObjects limits the pods and the nodes of a cluster: up to it, names are unique
// and index arithmetic stays within 64 bits.
const maxObjects = 1 << 30

// Config describes a cluster and how its API server behaves. Counts are
// numbers of objects; the zero value is an empty cluster.
type Config struct {
	// Cluster names the cluster in kubeconfigs.
	Cluster string
	// Nodes is the number of nodes.
	Nodes int
	// Pods is the number of active pods bound to these nodes: neither
	// Succeeded nor Failed.
	Pods int
	// Finished is the number of bound pods that are Succeeded or Failed.
	Finished int
	// Unscheduled is the number of pending pods without a node.
	Unscheduled int
	// UnknownNode is the number of active pods bound to a node that does not exist.
	UnknownNode int
	// EmptyNodes is how many of the nodes hold no active pod.
	EmptyNodes int
	// ImagesPerNode is the number of images that a node's status lists.
	ImagesPerNode int
	// Seed decides names, phases and placement; equal configurations with
	// equal seeds are equal clusters.
	Seed uint64
	// Namespaces holds the namespaces of the pods; a built-in list when empty.
	Namespaces []string
	// Token is the bearer token that requests must carry; none when empty.
	Token string
	// Forbidden lists resources (pods, nodes) that are answered with 403.
	Forbidden []string
	// Roles lists the namespaces in which the account may list and watch pods, as
	// with a Role in each of them; everything else is answered with 403. Empty means
	// that it may list and watch everything.
	Roles []string
	// Latency returns the time that a page takes before its first byte, for the rows
	// it may hold and the keys left from its start on. Nil means none.
	Latency func(rows, remaining int) time.Duration
	// TokenLife is the age at which continue tokens expire; 0 means never. If set,
	// every list gets a resourceVersion of its own, as if there were other writes.
	TokenLife time.Duration
	// BookmarkInterval is the time between bookmarks of a watch that allows
	// them; 0 means DefaultBookmarkInterval.
	BookmarkInterval time.Duration
	// IgnoreAccept makes every answer plain JSON, as from a proxy or an old
	// server that does not know Tables.
	IgnoreAccept bool
	// Intercept wraps the whole API, to change answers; a Script's Intercept method
	// fits.
	Intercept func(next http.Handler) http.Handler
}

// DefaultConfig returns the demo cluster: 104 nodes, 9,842 active pods.
func DefaultConfig() Config {
	return Config{
		Cluster:       DefaultCluster,
		Nodes:         DefaultNodes,
		Pods:          DefaultPods,
		Finished:      DefaultFinished,
		Unscheduled:   DefaultUnscheduled,
		ImagesPerNode: DefaultImagesPerNode,
		Seed:          1,
	}
}

// validate returns everything that is wrong with c, each error naming its field.
func (c Config) validate() error {
	var errs []error
	for _, f := range []struct {
		name  string
		value int
		limit int
	}{
		{"Nodes", c.Nodes, maxObjects / 64},
		{"Pods", c.Pods, maxObjects},
		{"Finished", c.Finished, maxObjects},
		{"Unscheduled", c.Unscheduled, maxObjects},
		{"UnknownNode", c.UnknownNode, maxObjects},
		{"EmptyNodes", c.EmptyNodes, c.Nodes},
		{"ImagesPerNode", c.ImagesPerNode, 10000},
	} {
		if f.value < 0 || f.value > f.limit {
			errs = append(errs, fmt.Errorf("%s: %d is not between 0 and %d", f.name, f.value, f.limit))
		}
	}
	if c.Pods > 0 && c.Nodes <= c.EmptyNodes {
		errs = append(errs, fmt.Errorf("Pods: %d active pods need a node that is not empty", c.Pods))
	}
	if c.Finished > 0 && c.Nodes == 0 {
		errs = append(errs, fmt.Errorf("Finished: %d pods need a node", c.Finished))
	}
	if c.TokenLife < 0 || c.BookmarkInterval < 0 {
		errs = append(errs, errors.New("TokenLife and BookmarkInterval must not be negative"))
	}
	return errors.Join(append(errs, c.validateNames())...)
}

func (c Config) validateNames() error {
	errs := append(checkNames("Namespaces", c.Namespaces), checkNames("Roles", c.Roles)...)
	for _, r := range c.Forbidden {
		if r != "pods" && r != "nodes" {
			errs = append(errs, fmt.Errorf("Forbidden: %q is neither pods nor nodes", r))
		}
	}
	return errors.Join(errs...)
}

// checkNames returns what is wrong with a field of namespaces.
func checkNames(field string, namespaces []string) []error {
	var errs []error
	for i, ns := range namespaces {
		if msgs := validation.IsDNS1123Label(ns); len(msgs) > 0 {
			errs = append(errs, fmt.Errorf("%s: %q: %s", field, ns, strings.Join(msgs, "; ")))
		}
		if slices.Contains(namespaces[:i], ns) {
			errs = append(errs, fmt.Errorf("%s: %q appears twice", field, ns))
		}
	}
	return errs
}
