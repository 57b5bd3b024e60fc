package podcount

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash/fnv"
)

const (
	maxTokenBytes = 16 << 10 // a real one has about 150
	maxEmptyPages = 100      // in a row
	maxRows       = 20_000_000
)

var (
	errSameToken  = errors.New("the continue token leads back to a page that was counted")
	errLongToken  = errors.New("the continue token is longer than 16 KiB")
	errEmptyPages = errors.New("100 pages in a row are empty and not the last")
	errManyPages  = errors.New("the pages have more rows than any cluster")
)

// progress makes sure that a walk comes nearer to its end with every page. The
// number of pages is no measure of that: a million pods at 500 a page are 2,000.
type progress struct {
	seen  map[uint64]struct{} // hashes of the tokens that were given
	start string              // the key that the last token goes on at, where that can be read
	empty int                 // pages without rows, in a row
	rows  int
}

// check refuses a page whose token leads nowhere.
func (p *progress) check(token string, doc document) *PageError {
	if doc.next == "" {
		return nil
	}
	_, known := p.seen[hash(doc.next)]
	var err error
	switch {
	case known || doc.next == token || !p.leadsOn(doc.next):
		err = errSameToken
	case len(doc.next) > maxTokenBytes:
		err = errLongToken
	case doc.rows == 0 && p.empty+1 >= maxEmptyPages:
		err = errEmptyPages
	case p.rows+doc.rows > maxRows:
		err = errManyPages
	default:
		return nil
	}
	return &PageError{Reason: Malformed, Err: err, stuck: true}
}

// passed notes a page that counts.
func (p *progress) passed(doc document) {
	if p.seen == nil {
		p.seen = make(map[uint64]struct{})
	}
	p.seen[hash(doc.next)] = struct{}{}
	if start, readable := startKey(doc.next); readable {
		p.start = start
	}
	p.rows += doc.rows
	p.empty++
	if doc.rows > 0 {
		p.empty = 0
	}
}

// leadsOn says whether a token goes on behind the one before. To clients a token
// is opaque, and one that cannot be read is let pass; but a server, or a cache
// before it, that gives an old page under a new token is found no other way, and
// its pods would be counted twice.
func (p *progress) leadsOn(token string) bool {
	start, readable := startKey(token)
	return !readable || start > p.start
}

// startKey reads the key that a token goes on at. Pages are in the order of the
// keys (k8s.io/apiserver/pkg/storage, continue.go).
func startKey(token string) (string, bool) {
	var fields struct {
		Version string `json:"v"`
		Start   string `json:"start"`
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || json.Unmarshal(text, &fields) != nil {
		return "", false
	}
	return fields.Start, fields.Version == "meta.k8s.io/v1"
}

func hash(token string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(token)) // a hash cannot fail
	return h.Sum64()
}
