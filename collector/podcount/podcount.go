// Package podcount counts the active pods of one Kubernetes cluster, page by
// page, so that no single API request grows with the cluster.
//
// A count walks the nodes and then the pods, folds every pod into a number per node
// while the answer is still arriving, and publishes a Snapshot only after the page
// with an empty continue token. A page that fails is tried again with the same token
// (walk.go). A count that runs out of attempts keeps its progress for the next one.
//
// A Watcher counts like that once, and then follows the cluster: events tell which
// pods were bound to a node and which are gone, and audits compare the totals with
// further counts. A stream that ends is opened again where it was (follow.go); if its
// resourceVersion has expired, the cluster is listed again (watcher.go). The package
// knows nothing of Prometheus.
package podcount

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Defaults of Config.
const (
	DefaultPageSize     = 500
	DefaultMaxPageSize  = 10000
	DefaultPageTimeout  = 30 * time.Second
	DefaultPageAttempts = 5
)

// tokenLife is the age up to which a suspended count goes on at its token. It is below the
// five minutes after which an API server compacts etcd by default (kube-apiserver
// --etcd-compaction-interval).
const tokenLife = 4 * time.Minute

// Config says how pages are asked for. Start from DefaultConfig.
type Config struct {
	PageSize     int           // rows of the first page
	MaxPageSize  int           // upper limit of rows per page; equal to PageSize, it fixes the size
	PageTimeout  time.Duration // deadline of one page, body included; sent to the server too
	PageAttempts int           // requests for one page before the count is suspended

	// Namespaces are those to count; all when empty.
	Namespaces []string
	// Nodes are those to count; all when empty.
	Nodes Selection

	// Budget limits the names that all clusters of the process hold. May be nil.
	Budget *Budget
	// Lane holds a value while a request of the cluster is being sent, up to the
	// headers of its answer. Counters whose credentials come from the same file or
	// plugin share a Lane, so that at most one request hangs there. May be nil.
	Lane chan struct{}
	// Gate limits how many answers are read at once. May be nil.
	Gate Gate
	// Cores limits how many answers and streams are decoded at once. May be nil.
	Cores *Cores
	// Jitter draws from [0, 1) to spread the waits between attempts.
	Jitter func() float64
}

// DefaultConfig returns the configuration that the flags default to.
func DefaultConfig() Config {
	return Config{
		PageSize:     DefaultPageSize,
		MaxPageSize:  DefaultMaxPageSize,
		PageTimeout:  DefaultPageTimeout,
		PageAttempts: DefaultPageAttempts,
		Jitter:       rand.Float64,
	}
}

// Validate returns an error that begins with the first field that cannot work and its value:
// "PageSize=0: must be at least 1".
func (c Config) Validate() error {
	switch {
	case c.PageSize < 1:
		return fmt.Errorf("PageSize=%d: must be at least 1", c.PageSize)
	case c.MaxPageSize < c.PageSize:
		return fmt.Errorf("MaxPageSize=%d: must be at least PageSize, which is %d", c.MaxPageSize, c.PageSize)
	case c.PageTimeout <= 0:
		return fmt.Errorf("PageTimeout=%s: must be positive", c.PageTimeout)
	case c.PageAttempts < 1:
		return fmt.Errorf("PageAttempts=%d: must be at least 1", c.PageAttempts)
	}
	if err := checkNames(c.Namespaces, validation.IsDNS1123Label); err != nil {
		return fmt.Errorf("Namespaces: %w", err)
	}
	if err := c.Nodes.check(); err != nil {
		return fmt.Errorf("Nodes.%w", err)
	}
	return nil
}

// Counter counts one cluster. Between counts it remembers what it has learnt, and the
// progress of a suspended count. Counts of one Counter run one after the other.
type Counter struct {
	cfg    Config
	client *http.Client
	base   *url.URL

	former atomic.Pointer[Counter] // whose memory is to be taken over; nil when there is none
	busy   chan struct{}           // has a value for a whole count, which owns the memory
	memory
}

// memory is what a Counter knows of its server.
type memory struct {
	nodes       *pageSizer
	pods        *pageSizer
	forms       forms
	suspended   *count               // nil, or a count to go on with
	account     *account             // of names, and for large values of its answers
	nodesListed bool                 // at least once
	otherRights bool                 // credentials have changed since then
	refused     map[string]time.Time // when subjects were, which counts go on without
	gone        sets.Set[string]     // nodes that pods are bound to and that do not exist
}

// New returns a Counter that asks the API server at base through client. The client
// must not follow redirects, which could send credentials to another host, and must
// not ask for compression by itself, which would falsify the count of bytes.
func New(cfg Config, client *http.Client, base *url.URL) (*Counter, error) {
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Lane = cmp.Or(cfg.Lane, make(chan struct{}, 1))
	return &Counter{cfg: cfg, client: client, base: base, busy: make(chan struct{}, 1), memory: cfg.blank()}, nil
}

func (c Config) blank() memory {
	nodeRows := min(c.PageSize, DefaultPageSize)
	return memory{
		nodes:   newPageSizer(nodeRows, nodeRows, c.PageTimeout),
		pods:    newPageSizer(c.PageSize, c.MaxPageSize, c.PageTimeout),
		account: newAccount(c.Budget),
		refused: make(map[string]time.Time),
	}
}
