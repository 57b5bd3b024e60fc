package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// Client returns an HTTP client with the cluster's credentials, and the URL of the
// API (with a path prefix, but without a slash at its end). The client has no
// timeout, follows no redirects, which would take the token along, and does not ask
// for gzip by itself. It shares no connections, so its CloseIdleConnections affects
// no other cluster.
//
// Release frees a client that is not used any more. Client builds a new one at each
// call. It is not for concurrent use: it changes os.Stderr for a moment when the
// context has a credential plugin.
func (c Cluster) Client() (*http.Client, *url.URL, error) {
	if c.Fault != nil {
		return nil, nil, c.Fault
	}
	base, err := c.base()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.Source, err)
	}
	config := c.restConfig()
	if err := c.signIn(config); err != nil {
		return nil, nil, err
	}
	t := &transport{plugin: config.ExecProvider != nil}
	next, err := c.transportFor(config, t)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.Source, c.entriesOf(config).fault())
	}
	t.next.Store(&next)
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, base, nil
}

// transportFor builds client-go's transport, with what a credential plugin needs.
func (c Cluster) transportFor(config *rest.Config, t *transport) (next http.RoundTripper, err error) {
	build := func() (http.RoundTripper, error) { return rest.TransportFor(config) }
	switch {
	case config.ExecProvider == nil:
		return build()
	case c.plugins != nil:
		next, t.heard, err = c.plugins.hear(c.Name, config.ExecProvider, build)
	default:
		err = withoutStderr(c.nowhere, func() error {
			next, err = build()
			return err
		})
	}
	return next, err
}

// base returns the server's URL without anything that must not be logged.
func (c Cluster) base() (*url.URL, error) {
	u, _, err := rest.DefaultServerUrlFor(c.config)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return nil, errors.New("the cluster's server is not an http or https URL with a host")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, nil
}

// restConfig copies the configuration without what is of no use to a program that
// runs unattended.
func (c Cluster) restConfig() *rest.Config {
	config := rest.CopyConfig(c.config)
	config.DisableCompression = true
	config.Timeout = 0
	// The first wrapper is the innermost: those of the credentials come later,
	// so that it sees every request the way it is sent.
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		limitMemory(next)
		return redact.Transport(next, config.Proxy)
	})
	// client-go shares one transport among configurations with the same TLS
	// options, and http.DefaultTransport among those without; a dialer of its own
	// keeps each cluster's connections apart.
	config.Dial = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	if config.ExecProvider != nil {
		config.ExecProvider = config.ExecProvider.DeepCopy()
		config.ExecProvider.StdinUnavailable = true
		config.ExecProvider.StdinUnavailableMessage = unattended
	}
	moveUser(config)
	return config
}

// unattended tells a credential plugin why there is nobody to ask.
const unattended = "the exporter runs unattended"

const (
	// maxHeaderBytes limits the headers of a response. kube-apiserver sends some hundred
	// bytes; the most that other servers send is 16 KiB of cookies.
	maxHeaderBytes = 64 << 10
	// maxUnreadBytes limits what a server may send of an HTTP/2 response before it is
	// read. net/http keeps that in memory, 4 MiB by default, and hundreds of clusters
	// may wait for their place at once. HTTP/1.1 leaves it in the kernel.
	maxUnreadBytes = 64 << 10
	// maxIdle is how long a connection is kept without a request. The pages of a count
	// follow each other faster, and counts slower. net/http's HTTP/2 also keeps the
	// buffers of each connection that was cut amid an answer for as long.
	maxIdle = 10 * time.Second
)

// limitMemory sets these limits on net/http's transport, which client-go may have
// wrapped. It must be called before the first request.
func limitMemory(next http.RoundTripper) {
	for next != nil {
		if own, is := next.(*http.Transport); is {
			own.MaxResponseHeaderBytes = maxHeaderBytes
			own.IdleConnTimeout = maxIdle
			own.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: maxUnreadBytes}
			return
		}
		wrapper, is := next.(utilnet.RoundTripperWrapper)
		if !is {
			return
		}
		next = wrapper.WrappedRoundTripper()
	}
}

// moveUser turns the user in the server's URL into basic auth, so that requests (and
// the errors that quote their URLs) do not contain it. As in net/http, it takes
// precedence over other credentials.
func moveUser(config *rest.Config) {
	u, _, err := rest.DefaultServerUrlFor(config)
	if err != nil || u.User.Username() == "" {
		return
	}
	config.Username = u.User.Username()
	config.Password, _ = u.User.Password()
	config.BearerToken, config.BearerTokenFile = "", ""
	config.ExecProvider, config.AuthProvider = nil, nil
	u.User = nil
	config.Host = u.String()
}
