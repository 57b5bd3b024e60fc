package kubesim

import (
	"math"
	"net/http"
	"strings"
	"sync"
)

// Page selects pages of a walk; a positive number is that page, from 1 on.
type Page int

// Pages without a fixed number.
const (
	// AnyPage is every page.
	AnyPage Page = 0
	// FirstPage is the page asked for without a continue token.
	FirstPage Page = 1
	// MiddlePage is the second page, if it is not the last one.
	MiddlePage Page = -1
	// LastPage is the page whose true answer has no continue token.
	LastPage Page = -2
)

// Forever as a Rule's Times changes every answer that the rule matches.
const Forever = math.MaxInt

// Rule says which answers a fault changes.
type Rule struct {
	Fault Fault
	// Resource is pods or nodes; empty means both.
	Resource string
	// Page is the page to change.
	Page Page
	// Times is how many answers are changed before the rule is used up.
	Times int
}

// Script changes answers by rules; the first rule that matches applies. Pass its
// Intercept method to Config. It is safe for concurrent use, but it recognizes pages
// by the order in which a single client requests them, list by list.
type Script struct {
	mu    sync.Mutex
	rules []Rule
	used  []int
	walks map[string]*walked
}

// walked is the walk over one resource so far.
type walked struct {
	ordinals map[string]int // by the token's start key
	tokens   []string       // the first token of each page
}

// NewScript returns a script of these rules.
func NewScript(rules ...Rule) *Script {
	return &Script{rules: rules, used: make([]int, len(rules)), walks: map[string]*walked{}}
}

// Hits returns how many answers have been changed so far.
func (s *Script) Hits() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := 0
	for _, n := range s.used {
		sum += n
	}
	return sum
}

// Intercept puts the script in front of an API; it fits Config.Intercept. Watches and
// other requests pass through.
func (s *Script) Intercept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resource := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		if resource != "pods" && resource != "nodes" || isTrue(r.URL.Query(), "watch") {
			next.ServeHTTP(w, r)
			return
		}
		ordinal, previous := s.locate(resource, r.URL.Query().Get("continue"))
		a := &Answer{Writer: w, Request: r, Previous: previous, next: next}
		if s.needsTruth(resource, ordinal) {
			a.truth()
		}
		if fault, ok := s.pick(resource, ordinal, a); ok {
			fault.Spoil(a)
			return
		}
		a.forward()
	})
}

// locate returns the number of the page that a token leads to, and the token of the
// page before. Tokens are compared by the key they lead to, so a fault's own token
// for a page, or one for a newer resourceVersion, is still that page.
func (s *Script) locate(resource, token string) (ordinal int, previous string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.walks[resource]
	if token == "" || w == nil {
		w = &walked{ordinals: map[string]int{beginning: 1}, tokens: []string{""}}
		s.walks[resource] = w
	}
	start := token
	if t, refused := decodeToken(token); refused == "" {
		start = t.Start
	}
	if token == "" {
		start = beginning
	}
	ordinal, ok := w.ordinals[start]
	if !ok {
		w.tokens = append(w.tokens, token)
		ordinal = len(w.tokens)
		w.ordinals[start] = ordinal
	}
	if ordinal > 1 {
		previous = w.tokens[ordinal-2]
	}
	return ordinal, previous
}

// needsTruth reports whether a rule depends on the page's true answer.
func (s *Script) needsTruth(resource string, ordinal int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.rules {
		if s.open(i, resource) && (r.Page == LastPage || r.Page == MiddlePage && ordinal == 2) {
			return true
		}
	}
	return false
}

func (s *Script) open(i int, resource string) bool {
	r := s.rules[i]
	return s.used[i] < r.Times && (r.Resource == "" || r.Resource == resource)
}

// pick returns the fault for an answer and counts it as used.
func (s *Script) pick(resource string, ordinal int, a *Answer) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.rules {
		if !s.open(i, resource) || r.Fault.NeedsToken && a.Request.URL.Query().Get("continue") == "" {
			continue
		}
		fits := r.Page == AnyPage || int(r.Page) == ordinal
		switch r.Page {
		case LastPage:
			fits = a.recorded.code == http.StatusOK && a.recorded.token() == ""
		case MiddlePage:
			fits = ordinal == 2 && a.recorded.code == http.StatusOK && a.recorded.token() != ""
		}
		if fits {
			s.used[i]++
			return r.Fault, true
		}
	}
	return Fault{}, false
}
