package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"

	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// transport separates the errors of an exchange with the server from those of getting
// credentials for it. The latter quote the kubeconfig and what a credential plugin
// printed, so only their kind is reported.
type transport struct {
	next   atomic.Pointer[http.RoundTripper] // nil once the client is released
	plugin bool                              // the credentials come from a credential plugin
	heard  *stderr                           // reads its standard error; nil if nobody does
}

var _ utilnet.RoundTripperWrapper = (*transport)(nil)

var errReleased = errors.New("the client is used no more")

// RoundTrip sends req.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	next := t.next.Load()
	if next == nil {
		return nil, errReleased
	}
	ctx, exchange := redact.NewExchange(req.Context())
	used := &connection{}
	resp, err := (*next).RoundTrip(req.WithContext(used.trace(ctx)))
	if err == nil {
		resp.Body = &countedBody{resp.Body, used}
		return resp, nil
	}
	if exchange.Reached() {
		return resp, err
	}
	// A RoundTripper returns no response with an error.
	return nil, t.credentialFault(err)
}

// WrappedRoundTripper is how client-go's helpers look through wrappers.
func (t *transport) WrappedRoundTripper() http.RoundTripper {
	if next := t.next.Load(); next != nil {
		return *next
	}
	return nil
}

// CloseIdleConnections is what http.Client's method of that name calls.
func (t *transport) CloseIdleConnections() { utilnet.CloseIdleConnectionsFor(t.WrappedRoundTripper()) }

// Release frees everything that a client of Cluster.Client holds, once its requests
// have ended: connections, the goroutines that watch certificate files, the pipe to a
// credential plugin. After that the client sends nothing, and keeping it keeps
// nothing else alive.
func Release(client *http.Client) {
	t, is := client.Transport.(*transport)
	if !is {
		return
	}
	if next := t.next.Swap(nil); next != nil {
		utilnet.CloseIdleConnectionsFor(*next)
		t.heard.release()
	}
}

// credentialFault returns what may be shown of err, a failure to get credentials.
func (t *transport) credentialFault(err error) error {
	if !t.plugin {
		return fmt.Errorf("getting credentials: %w", inTime(err, errors.New("the file or the provider that the user of the kubeconfig names gave none")))
	}
	said, ran := pluginFailure(err.Error())
	fault := inTime(err, errors.New(said))
	if t.heard != nil || !ran {
		return fmt.Errorf("getting credentials: %w", fault)
	}
	return fmt.Errorf("getting credentials: %w (run with --log.level=debug to see what it printed)", fault)
}

// inTime returns the context's error if that is the cause of err, else fault.
func inTime(err, fault error) error {
	for _, end := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, end) {
			return end
		}
	}
	return fault
}

// pluginFailure describes in its own words an error of client-go's exec
// authenticator, whose text quotes command and output (plugin/pkg/client/auth/exec,
// 0.37). ran says whether the plugin ran, and so may have printed something.
func pluginFailure(text string) (failure string, ran bool) {
	for _, kind := range []struct{ said, meaning string }{
		{"decoding stdout", "the credential plugin printed no ExecCredential"},
		{"plugin returned version", "the credential plugin answered in another API version than exec.apiVersion"},
		{"didn't return a status field", "the credential plugin's ExecCredential has no status"},
		{"didn't return a token", "the credential plugin's ExecCredential has neither a token nor a certificate"},
		{"returned only certificate or key", "the credential plugin's ExecCredential has a certificate or a key, not both"},
		{"failed parsing client", "the credential plugin's certificate and key are no pair"},
	} {
		if strings.Contains(text, kind.said) {
			return kind.meaning, true
		}
	}
	if code := regexp.MustCompile(`exit code -?\d+$`).FindString(text); code != "" {
		return "the credential plugin failed with " + code, true
	}
	switch {
	case strings.Contains(text, " not found"), strings.HasSuffix(text, "no such file or directory"):
		return "the credential plugin, or what runs it, is not installed where the exporter runs", false
	case strings.HasSuffix(text, "permission denied"):
		return "the user that the exporter runs as may not run the credential plugin", false
	}
	return "the credential plugin could not be run", false
}
