// Package contract describes how a kube-apiserver lists pods page by page and watches
// them, as far as the exporter relies on it. It runs against the simulated API in
// every test run, and against a real one end to end, so that the simulation cannot
// drift from the real server.
package contract

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Target is a cluster to check against the contract. It needs at least five active
// pods, and nothing else may change it meanwhile. Pods are named by their key: the
// namespace and the name, separated by a slash.
type Target struct {
	// Client sends requests with credentials that may list and watch pods and
	// list nodes. It must not retry, nor time out before a minute.
	Client *http.Client
	// BaseURL is where the API is, such as https://127.0.0.1:6443.
	BaseURL *url.URL
	// Node is the name of a node that exists.
	Node string
	// ActivePods is the number of pods that are bound, to any node, and neither
	// Succeeded nor Failed.
	ActivePods int
	// Nodes is the number of nodes.
	Nodes int

	// CreatePod creates a pod, on a node or for "" unscheduled, and returns its
	// key.
	CreatePod func(ctx context.Context, node string) (key string, err error)
	// BindPod binds an unscheduled pod to a node.
	BindPod func(ctx context.Context, key, node string) error
	// TouchPod changes a pod, but neither its node nor its phase.
	TouchPod func(ctx context.Context, key string) error
	// SetPhase sets a pod's phase. A finished pod stays, and may run again.
	SetPhase func(ctx context.Context, key string, phase corev1.PodPhase) error
	// DeletePod deletes a pod at once.
	DeletePod func(ctx context.Context, key string) error
	// AddNode adds a node without pods and returns its name.
	AddNode func(ctx context.Context) (name string, err error)
	// RemoveNode removes a node.
	RemoveNode func(ctx context.Context, name string) error
	// Expire makes all continue tokens for resourceVersions before the newest one too
	// old, and returns when they are. If it is nil, that fact is skipped.
	Expire func(ctx context.Context) error
	// BookmarkWait is how long a bookmark after no event may take; a real server
	// sends one a minute. With 0, that fact is skipped.
	BookmarkWait time.Duration
}

// Run checks a target against every fact, each in a subtest named by its number in
// the design.
func Run(t *testing.T, target Target) {
	t.Helper()
	for _, fact := range []struct {
		name  string
		check func(*testing.T, Target)
	}{
		{"1 table rows hold the node in a column of strings", checkTableRows},
		{"1 a plain list holds the same pods", checkPlainList},
		{"1 the selector leaves out finished pods only", checkSelector},
		{"2 pages of any size add up to the same pods", checkPages},
		{"2 a walk shows one resourceVersion while pods come and go", checkConsistency},
		{"3 resourceVersion 0 ignores the limit", checkLimitIgnored},
		{"4 an expired token comes with one that goes on", checkExpired},
		{"5 remainingItemCount is absent with a selector", checkRemaining},
		{"6 every page has column definitions", checkColumns},
		{"6 only the first event has column definitions", checkEventColumns},
		{"7 a watch adds, changes and removes active pods only", checkWatch},
		{"7 a watch from a version to come is open, and silent", checkEarlyWatch},
		{"7 a watch of whole pods says the same", checkRawEvents},
		{"7 a watch of pods without a node loses them when they are bound", checkUnbound},
		{"8 a streamed start ends with a bookmark", checkStreamedStart},
		{"8 a streamed start is packed if gzip is asked for, any other watch is not", checkPackedStart},
		{"8 later bookmarks carry an empty row", checkBookmark},
		{"9 the server gives up after the timeout it was sent", checkTimeout},
		{"11 every event carries the resourceVersion of its change", checkEventVersions},
		{"12 a list at a version too old is status 410", checkOldList},
		{"12 a watch from a version too old ends with an ERROR event of code 410", checkOldWatch},
		{"13 a watch ends after its timeoutSeconds, and not after its timeout", checkWatchTimeout},
		{"14 a pod that finishes is DELETED with its old cells, and ADDED when it runs again", checkOldCells},
		{"17 rows of finished pods carry the condition Completed", checkCompleted},
		{"17 so do the rows of events", checkEverything},
		{"nodes come in pages too", checkNodes},
		{"nodes are watched as rows", checkNodeEvents},
		{"a namespace lists its own pods, at a resourceVersion too", checkNamespace},
		{"a namespace that does not exist has no pods, at a resourceVersion too", checkNoNamespace},
		{"a namespace is found by name, or is 404", checkNamespaceByName},
		{"an exact resourceVersion ages, and cannot be 0 or yet to come", checkExactVersions},
	} {
		t.Run(fact.name, func(t *testing.T) { fact.check(t, target) })
	}
}
