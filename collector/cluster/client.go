package cluster

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

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
func (c Cluster) Client() (*http.Client, *url.URL, error) { return c.clientWith(limitPages) }

// StreamClient is like Client, for streams of events: dead connections are found by
// HTTP/2 pings, as client-go does.
func (c Cluster) StreamClient() (*http.Client, *url.URL, error) { return c.clientWith(limitMemory) }

func (c Cluster) clientWith(limit func(*http.Transport)) (*http.Client, *url.URL, error) {
	if c.Fault != nil {
		return nil, nil, c.Fault
	}
	base, err := c.base()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.Source, err)
	}
	config := c.restConfig(limit)
	if err := c.signIn(config); err != nil {
		return nil, nil, err
	}
	t := &transport{plugin: config.ExecProvider != nil}
	next, err := c.transportFor(config, t)
	if err != nil && !errors.Is(err, errHangs) {
		err = c.entriesOf(config).fault()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.Source, err)
	}
	t.next.Store(&next)
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, base, nil
}

// transportFor builds client-go's transport, with what a credential plugin needs.
func (c Cluster) transportFor(config *rest.Config, t *transport) (next http.RoundTripper, err error) {
	build := func() (http.RoundTripper, error) { return c.roundTripper(config) }
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
func (c Cluster) restConfig(limit func(*http.Transport)) *rest.Config {
	config := rest.CopyConfig(c.config)
	config.DisableCompression = true
	config.Timeout = 0
	// The first wrapper is the innermost: those of the credentials come later,
	// so that it sees every request the way it is sent.
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		if own := transportOf(next); own != nil {
			limit(own)
			own.DialContext = limitedDial(own.DialContext)
			own.OnProxyConnectResponse = proxyRefusal
		}
		return redact.Transport(next, config.Proxy)
	})
	// client-go shares one transport among configurations with the same TLS
	// options, and http.DefaultTransport among those without; a dialer of its own
	// keeps each cluster's connections apart.
	config.Dial = dial
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
