package cluster

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// remembered is the number of credentials that are kept: a server may quote the
// one before last, from a request that has just been overtaken by a rotation.
const remembered = 4

// witness remembers what requests were authorized with. The kubeconfig does not
// tell what a credential plugin gives out, or what is in a token file by now.
type witness struct {
	mu   sync.Mutex
	seen []credential // the latest last
}

type credential struct {
	header string
	forms  forms
}

// note remembers an Authorization header. Most are the same as before.
func (w *witness) note(header string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if header == "" || slices.ContainsFunc(w.seen, func(c credential) bool { return c.header == header }) {
		return
	}
	if len(w.seen) == remembered {
		w.seen = slices.Delete(w.seen, 0, 1)
	}
	w.seen = append(w.seen, credential{header: header, forms: formsOf(header)})
}

func (w *witness) forms() forms {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all forms
	for _, c := range w.seen {
		all = append(all, c.forms...)
	}
	return all
}

// formsOf are those of the credential in an Authorization header, and of the
// password if the credential is one (RFC 7617, section 2).
func formsOf(header string) forms {
	scheme, text, found := strings.Cut(header, " ")
	if !found {
		return forms{}.with(header)
	}
	all := forms{}.with(text)
	if !strings.EqualFold(scheme, "Basic") {
		return all
	}
	if pair, err := base64.StdEncoding.DecodeString(text); err == nil {
		_, password, _ := strings.Cut(string(pair), ":")
		all = all.with(password)
	}
	return all
}

// witnessed shows each request to the witness before it is sent.
type witnessed struct {
	next http.RoundTripper
	seen *witness
}

var _ utilnet.RoundTripperWrapper = (*witnessed)(nil)

// RoundTrip sends req.
func (t *witnessed) RoundTrip(req *http.Request) (*http.Response, error) {
	t.seen.note(req.Header.Get("Authorization"))
	return t.next.RoundTrip(req)
}

// WrappedRoundTripper is how client-go's helpers look through wrappers.
func (t *witnessed) WrappedRoundTripper() http.RoundTripper { return t.next }
