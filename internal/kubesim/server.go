package kubesim

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Server is a simulated API server, with methods that change its cluster. It is safe
// for concurrent use.
type Server struct {
	cfg     Config
	handler http.Handler
	began   time.Time

	mu        sync.RWMutex
	version   int64               // the newest resourceVersion
	compacted int64               // versions below cannot be read any more
	retained  int64               // versions below are gone from memory
	issued    map[int64]time.Time // with TokenLife: when a walk's version began
	changed   chan struct{}       // closed at the next change
	created   uint64              // pods and nodes made by calls, for their names
	absent    map[string]bool     // namespaces that were deleted

	pods     *apiResource[pod]
	nodes    *apiResource[node]
	podBase  *podBase
	nodeBase *nodeBase
}

// New returns the API server of the cluster that cfg describes, or an error that
// names the invalid fields.
func New(cfg Config) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("kubesim: %w", err)
	}
	if cfg.BookmarkInterval == 0 {
		cfg.BookmarkInterval = DefaultBookmarkInterval
	}
	s := &Server{
		cfg: cfg, began: time.Now(), version: baseVersion, compacted: baseVersion, retained: baseVersion,
		issued: map[int64]time.Time{}, changed: make(chan struct{}), absent: map[string]bool{},
	}
	s.nodeBase = newNodeBase(cfg, s.began)
	s.podBase = newPodBase(cfg, s.nodeBase, s.began)
	s.pods = podResource(s.podBase)
	s.nodes = nodeResource(s.nodeBase, cfg)
	s.handler = http.HandlerFunc(s.route)
	if cfg.Intercept != nil {
		s.handler = cfg.Intercept(s.handler)
	}
	return s, nil
}

// ServeHTTP answers one request; it implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.handler.ServeHTTP(w, r)
}

func (s *Server) authenticated(r *http.Request) bool {
	want := "Bearer " + s.cfg.Token
	return s.cfg.Token == "" ||
		subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(want)) == 1
}

// serve answers a list or a watch of one resource.
func serve[T any](s *Server, res *apiResource[T], namespace string, w http.ResponseWriter, r *http.Request) {
	q, status := parseQuery(r.URL.Query(), res.labels)
	if status == nil {
		status = q.parseLabelSelector(r.URL.Query().Get("labelSelector"), res.labelsOf != nil)
	}
	if status != nil {
		writeStatus(w, status)
		return
	}
	if namespace != "" {
		q.prefix = namespace + "/"
	}
	enc, status := negotiate(res, s.accept(r), q)
	switch {
	case status != nil:
		writeStatus(w, status)
	case q.watch:
		serveWatch(s, res, q, enc, w, r)
	default:
		serveList(s, res, q, enc, w, r)
	}
}

func (s *Server) accept(r *http.Request) string {
	if s.cfg.IgnoreAccept {
		return "application/json"
	}
	return strings.Join(r.Header.Values("Accept"), ",")
}

// apiResource is what the API needs to know about a kind of object.
type apiResource[T any] struct {
	name, kind string // such as pods and Pod
	history    *history[T]
	labels     []string // fields that selectors may name
	columns    []byte   // a Table's columnDefinitions, in JSON
	// cells appends the row's cells as the content of a JSON array.
	cells func(b []byte, v *T, now time.Time) []byte
	// completed returns the row's conditions as a JSON member, or "".
	completed func(v *T) string
	// field returns the value of a field that a selector names.
	field func(v *T, name string) string
	// labelsOf returns the object's labels; nil where label selectors are not
	// simulated.
	labelsOf func(v *T) labels.Set
	// object returns the whole API object at a resourceVersion.
	object func(v *T) object
	// version returns where the value stores its resourceVersion.
	version func(v *T) *int64
}

// object is an API object that can be encoded as protobuf; encoding/json encodes the
// JSON.
type object interface {
	metav1.Object
	Marshal() ([]byte, error)
}

var (
	_ object = (*corev1.Pod)(nil)
	_ object = (*corev1.Node)(nil)
)
