package cluster

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

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
	// buffers of a connection that was cut amid an answer for as long: hundreds of clusters
	// behind a load balancer that cuts answers make new ones again and again.
	maxIdle = 2 * time.Second
	// forgotten is how long net/http's HTTP/2 keeps the buffers of any connection that
	// was cut: until its next ping, half a minute with client-go's defaults. Apache Tomcat ends
	// a connection with more than some ten pings to an answer, which may take half a minute
	// (overheadCountFactor).
	forgotten = 3 * time.Second
	// unanswered is longer than a page takes: its deadline ends the connection of a server
	// that is silent, and one that only leaves pings unanswered may be well.
	unanswered = 24 * time.Hour
)

// limitMemory limits what a server can make net/http keep, over HTTP/2 too. It must be
// called before the first request.
func limitMemory(t *http.Transport) {
	t.MaxResponseHeaderBytes = maxHeaderBytes
	t.IdleConnTimeout = maxIdle
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig.VerifyConnection = limitCertificates
	t.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: maxUnreadBytes}
}

// limitPages is limitMemory for requests that have a deadline. A server may have the
// connection cut at each of them.
func limitPages(t *http.Transport) {
	limitMemory(t)
	t.HTTP2.SendPingTimeout, t.HTTP2.PingTimeout = forgotten, unanswered
}

// transportOf returns net/http's transport, which client-go may have wrapped, or nil.
func transportOf(next http.RoundTripper) *http.Transport {
	for next != nil {
		if own, is := next.(*http.Transport); is {
			return own
		}
		wrapper, is := next.(utilnet.RoundTripperWrapper)
		if !is {
			return nil
		}
		next = wrapper.WrappedRoundTripper()
	}
	return nil
}

// proxyRefusal says that it was the proxy that refused, and how. net/http would pass on
// the words of that status alone.
func proxyRefusal(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return fmt.Errorf("the proxy answered CONNECT with status %s", answer.Status)
}
