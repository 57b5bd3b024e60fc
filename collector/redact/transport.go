package redact

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// recorder is the innermost transport: it sees each request the way it is sent.
type recorder struct {
	next  http.RoundTripper
	proxy func(*http.Request) (*url.URL, error)
}

var _ utilnet.RoundTripperWrapper = recorder{}

// Transport notes what each request carries in the Exchange of its context. It
// must be a client's innermost wrapper; proxy is how next finds its proxy, nil
// for http.ProxyFromEnvironment.
func Transport(next http.RoundTripper, proxy func(*http.Request) (*url.URL, error)) http.RoundTripper {
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	return recorder{next: next, proxy: proxy}
}

// RoundTrip sends req.
func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	proxy, err := r.proxy(req)
	if _, e := NewExchange(req.Context()); e != nil {
		e.note(req.Header, proxy)
	}
	if err != nil {
		return nil, errors.New("the proxy's address is not a URL") // which err quotes
	}
	return r.next.RoundTrip(req)
}

// WrappedRoundTripper is how client-go's helpers look through wrappers.
func (r recorder) WrappedRoundTripper() http.RoundTripper { return r.next }

// note adds what a request is about to carry: any header that is not in every
// request, and the proxy's user, which the transport sends in a CONNECT that no
// wrapper sees.
func (e *Exchange) note(header http.Header, proxy *url.URL) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reached = true
	for name, values := range header {
		if name != "Accept" && name != "Accept-Encoding" && name != "User-Agent" {
			for _, value := range values {
				e.add(value)
				_, credential, _ := strings.Cut(value, " ")
				e.add(credential)
				if pair, err := base64.StdEncoding.DecodeString(credential); err == nil && strings.HasPrefix(value, "Basic ") {
					e.addPair(string(pair))
				}
			}
		}
	}
	if proxy != nil && proxy.User != nil {
		password, _ := proxy.User.Password()
		pair := proxy.User.Username() + ":" + password
		e.add(base64.StdEncoding.EncodeToString([]byte(pair)))
		e.addPair(pair)
	}
}

// addPair adds what a Basic credential is made of (RFC 7617, section 2).
func (e *Exchange) addPair(pair string) {
	user, password, _ := strings.Cut(pair, ":")
	e.add(pair)
	e.add(password)
	e.add(user)
}

func (e *Exchange) add(secret string) {
	if secret = strings.TrimSpace(secret); secret != "" {
		e.sent = append(e.sent, secret)
	}
}
