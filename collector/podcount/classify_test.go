package podcount

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

func TestClassifyStatus(t *testing.T) {
	special := map[int]Reason{401: Unauthorized, 403: Forbidden, 408: Timeout, 410: Expired, 429: Throttled, 504: Timeout}
	for code := range 1000 {
		want, is := special[code]
		if !is {
			want = Server
		}
		if got := classifyStatus(code); got != want {
			t.Errorf("status %d: got %s, want %s", code, got, want)
		}
	}
}

func TestReasonsAreAll(t *testing.T) {
	want := "timeout throttled expired unauthorized forbidden server network malformed"
	var names []string
	for _, reason := range Reasons() {
		names = append(names, string(reason))
	}
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// beforeConnecting fails or hangs like a credential plugin: no connection has been
// requested.
type beforeConnecting struct{ step }

func (b beforeConnecting) RoundTrip(r *http.Request) (*http.Response, error) { return b.step(r) }
func (b beforeConnecting) CloseIdleConnections()                             {}

// TestClassify sends one failure through the whole of a request.
func TestClassify(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	refused := dial(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	reset := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	lost := &net.DNSError{Err: "no such host", Name: "api", IsNotFound: true}
	late := &net.DNSError{Err: "i/o timeout", Name: "api", IsTimeout: true}
	list := podPage("", "a")
	html := body(200, "<html>", "Content-Type", "text/html")
	tests := []struct {
		name string
		step step
		want Reason
		text string // part of the error's text
	}{
		{"refused", broken(refused), Network, "connection refused"},
		{"reset before the header", broken(reset), Network, "connection reset"},
		{"reset within the body", cut(list, reset), Network, "reading the body"},
		{"body cut short", cut(list, io.ErrUnexpectedEOF), Network, "reading the body"},
		{"name does not resolve", broken(dial(lost)), Network, "no such host"},
		{"name server is slow", broken(dial(late)), Network, "i/o timeout"},
		{"connecting takes too long", broken(dial(os.ErrDeadlineExceeded)), Timeout, "i/o timeout"},
		{"certificate of nobody", broken(x509.UnknownAuthorityError{}), Network, "unknown authority"},
		{"end of file", broken(io.EOF), Network, "EOF"},
		{"black hole", hang, Timeout, "deadline exceeded"},
		{"trickling body", trickle, Timeout, "deadline exceeded"},
		{"hang after the first half", cutThenHang(list), Timeout, "deadline exceeded"},
		{"hang within a Status", cutThenHang(body(200, `{"kind":"Status","message":"no",  "code":500 }`)), Timeout, "deadline exceeded"},
		{"redirect", body(307, "", "Location", "https://elsewhere/"), Server, "redirect"},
		{"401", status(401, ""), Unauthorized, "status 401: no"},
		{"403", status(403, ""), Forbidden, "status 403: no"},
		{"404 from a proxy", body(404, "<html>", "Content-Type", "text/html"), Server, "status 404"},
		{"408", status(408, ""), Timeout, "deadline exceeded"},
		{"410", status(410, "t"), Expired, "status 410"}, // the last: the first ones cost no attempt
		{"413", status(413, ""), Server, "status 413"},
		{"429", status(429, ""), Throttled, "status 429"},
		{"500", status(500, ""), Server, "status 500: no"},
		{"500 with half a body", cut(status(500, ""), io.ErrUnexpectedEOF), Server, "status 500"},
		{"503", body(503, ""), Server, "status 503"},
		{"504", status(504, ""), Timeout, "deadline exceeded (status 504: no)"},
		{"204", body(204, ""), Server, "status 204"},
		{"206", body(206, `{"kind":"PodList","items":[]}`), Server, "status 206"},
		{"HTML", html, Malformed, `content type "text/html"`},
		{"no content type", body(200, "{}", "Content-Type", ""), Malformed, "no Table and no list"},
		{"half a content type", body(200, "{}", "Content-Type", "application/json; charset"), Malformed, "no Table and no list"},
		{"protobuf", body(200, "k8s\x00", "Content-Type", "application/vnd.kubernetes.protobuf"), Malformed, "not JSON"},
		{"half a gzip", body(200, "\x1f\x8b", "Content-Encoding", "gzip"), Malformed, "unexpected EOF"},
		{"another coding", body(200, "x", "Content-Encoding", "zstd"), Malformed, "content encoding"},
		{"truncated JSON", cut(list, io.EOF), Malformed, "unexpected EOF"},
		{"Status with code 200", body(200, `{"kind":"Status","message":"fine","code":200}`), Malformed, "a Status in place of a list: fine"},
		{"Status with code 403", body(200, `{"kind":"Status","message":"no","code":403}`), Forbidden, "status 403"},
		{"no columns", body(200, `{"kind":"Table","rows":[]}`), Malformed, "rows, and none were asked for"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, repeat(1+freeExpiries, test.step)...)
				failure := script.countFails(script.counter(func(c *Config) { c.PageAttempts = 1 }), test.want)
				if !strings.Contains(failure.Error(), test.text) {
					t.Errorf("error %q, want one with %q", failure, test.text)
				}
				if want := test.name == "redirect"; failure.Redirected() != want {
					t.Errorf("redirected: %t, want %t", !want, want)
				}
			})
		})
	}
}

// TestCredentialsBeforeConnecting has failures that come before any connection:
// they are about credentials, and a slow plugin is not a slow API server.
func TestCredentialsBeforeConnecting(t *testing.T) {
	tests := []struct {
		name string
		step step
	}{
		{"plugin hangs", hang},
		{"plugin fails", broken(errors.New("getting credentials: exec: not found"))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t)
				c := script.counter(func(c *Config) { c.PageAttempts = 1 })
				c.client = &http.Client{Transport: beforeConnecting{test.step}}
				_ = script.countFails(c, Unauthorized) // it checks the reason
			})
		})
	}
}

// TestStatusDetails checks what else a failed answer says.
func TestStatusDetails(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		header string
		doc    document
		want   time.Duration
	}{
		{"header", "3", document{}, 3 * time.Second},
		{"header before details", "3", document{retryAfter: "9"}, 3 * time.Second},
		{"details", "", document{retryAfter: "9"}, 9 * time.Second},
		{"details, too long", "", document{retryAfter: "1099511627776"}, time.Minute},
		{"details, negative", "", document{retryAfter: "-1"}, 0},
		{"neither", "", document{}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := statusError(429, http.Header{"Retry-After": {test.header}}, test.doc, now)
			if got.retryAfter != test.want {
				t.Errorf("wait %s, want %s", got.retryAfter, test.want)
			}
		})
	}
}

// TestPageErrorUnwraps keeps the cause within reach of errors.Is.
func TestPageErrorUnwraps(t *testing.T) {
	cause := fmt.Errorf("dial: %w", syscall.ECONNREFUSED)
	failure := &PageError{Resource: Pods, Page: 3, Attempt: 2, Reason: Network, Err: clean(cause, &redact.Exchange{})}
	if !errors.Is(failure, syscall.ECONNREFUSED) {
		t.Error("the cause is lost")
	}
	if want := "pods page 3, attempt 2: network: dial: connection refused"; failure.Error() != want {
		t.Errorf("got %q, want %q", failure, want)
	}
	if !slices.Contains(Reasons(), failure.Reason) {
		t.Errorf("reason %s is not listed", failure.Reason)
	}
}
