package redact

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Transport notes what each request contains in the Exchange of its context. It must
// be the innermost wrapper of a client. proxy is that of next, nil for
// http.ProxyFromEnvironment.
func Transport(next http.RoundTripper, proxy func(*http.Request) (*url.URL, error)) http.RoundTripper {
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	return recorder{next, proxy}
}

type recorder struct {
	next  http.RoundTripper
	proxy func(*http.Request) (*url.URL, error)
}

// RoundTrip notes the credentials of the request, and sends it.
func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	proxy, err := r.proxy(req)
	_, exchange := NewExchange(req.Context())
	exchange.note(req.Header, proxy)
	if err != nil {
		return nil, errors.New("the proxy's address is not a URL") // err quotes it
	}
	return r.next.RoundTrip(req)
}

// WrappedRoundTripper is how client-go's helpers look through wrappers.
func (r recorder) WrappedRoundTripper() http.RoundTripper { return r.next }

// note adds what a request is about to send: any header that is not in every request,
// the parts of a Basic one (RFC 7617, section 2), and the proxy's user, which the
// transport sends in a CONNECT that no wrapper sees.
func (e *Exchange) note(header http.Header, proxy *url.URL) {
	var carried, names []string
	for name, values := range header {
		if strings.HasPrefix(name, "Impersonate-") {
			names = append(names, values...)
		} else if name != "Accept" && name != "Accept-Encoding" && name != "User-Agent" {
			carried = append(carried, values...)
		}
	}
	if proxy != nil && proxy.User != nil {
		password, _ := proxy.User.Password()
		carried = append(carried, "Basic "+base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+password)))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent = append([]credential{}, e.sent...)
	e.add(credential{alone: true, name: true, open: true}, names...)
	for _, value := range carried {
		scheme, secret, _ := strings.Cut(value, " ")
		known := secret != "" && (scheme == "Basic" || scheme == "Bearer")
		e.add(credential{whole: known}, value)
		e.add(credential{}, secret)
		if pair, err := base64.StdEncoding.DecodeString(secret); err == nil && scheme == "Basic" {
			user, password, _ := strings.Cut(string(pair), ":")
			named := password != "" // otherwise it may be a token
			e.add(credential{whole: named}, string(pair))
			e.add(credential{}, password)
			e.add(credential{alone: named, name: named}, user)
		}
	}
}

// add notes texts of a kind. Those of too few letters are marked as alone.
func (e *Exchange) add(kind credential, secrets ...string) {
	for _, secret := range secrets {
		if secret = strings.TrimSpace(secret); secret != "" {
			c := kind
			c.text, c.alone = secret, c.alone || len(secret) < shortest
			e.sent = append(e.sent, c)
		}
	}
}
