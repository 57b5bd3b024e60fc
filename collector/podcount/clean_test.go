package podcount

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

func TestClean(t *testing.T) {
	sent := sentBy(t, "Bearer hunter2")
	request := func(err error) error {
		return &url.Error{Op: "Get", URL: "https://user:hunter2@api/api/v1/pods?limit=500", Err: err}
	}
	pointer := func(p jsontext.Pointer) error {
		return fmt.Errorf("%w", &jsontext.SyntacticError{JSONPointer: p, Err: io.EOF})
	}
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	long := jsontext.Pointer(strings.Repeat("0123456789", 20))
	tests := []struct {
		name string
		err  error
		sent *redact.Exchange
		want string
	}{
		{"plain", errors.New("connection refused"), &redact.Exchange{}, "connection refused"},
		{"lines", errors.New("a\r\nb\tc\x00d"), &redact.Exchange{}, "a b c d"},
		{"terminal escapes", errors.New("\x1b[31mred\x1b[0m\u009b"), &redact.Exchange{}, "[31mred [0m"},
		{"hidden and reversing", errors.New("a\u200bb\u202ec\u2028d"), &redact.Exchange{}, "a b c d"},
		{"invalid UTF-8", errors.New("a\xff\xfeb"), &redact.Exchange{}, "a b"},
		{"URL with user info", request(errors.New("EOF")), &redact.Exchange{}, "EOF"},
		{"URL within a URL", request(fmt.Errorf("token: %w", request(errors.New("EOF")))), &redact.Exchange{}, "EOF"},
		{"wrapped URL", fmt.Errorf("asking: %w", request(errors.New("EOF"))), &redact.Exchange{}, "EOF"},
		{"secret", errors.New("bad password hunter2"), sent, "bad password ***"},
		{"own words before the server's", errors.New("status 403: status 403: hunter2"), sentBy(t, "Bearer status"), "status 403: status 403: hunter2"},
		{"server's words like ours", errors.New("status 403: the status is wrong"), sentBy(t, "Bearer status"), "status 403: the *** is wrong"},
		{"server's words after a deadline", errors.New("context deadline exceeded (status 504: deadline)"), sentBy(t, "Bearer deadline"), "context deadline exceeded (status 504: ***)"},
		{"status alone", errors.New("status 500"), sentBy(t, "Bearer 500"), "status 500"},
		{"status alone after a deadline", errors.New("context deadline exceeded (status 504)"), sentBy(t, "Bearer status"), "context deadline exceeded (status 504)"},
		{"server's words like a status alone", errors.New("status 500: status 503"), sentBy(t, "Bearer status 503"), "status 500: ***"},
		{"kernel's words", fmt.Errorf("waiting for an answer: %w", refused), sentBy(t, "Bearer tcp"), "waiting for an answer: dial tcp: connect: connection refused"},
		{"a proxy's words like the kernel's", &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("tcp")}, sentBy(t, "Bearer tcp"), "dial ***: ***"},
		{"words of TLS", errors.New("tls: failed to verify certificate: x509: valid for x509"), sentBy(t, "Bearer x509"), "tls: failed to verify certificate: ***: valid for ***"},
		{"number that is no status", errors.New("status 481516: x"), sentBy(t, "Bearer 481516"), "status ***: x"},
		{"no place", fmt.Errorf("waiting for a place in which to read the answer: %w", fmt.Errorf("%w: %w", errBusy, context.DeadlineExceeded)), sentBy(t, "Bearer busy"), "waiting for a place in which to read the answer: this process is busy: context deadline exceeded"},
		{"too slow", fmt.Errorf("reading the body: %w", errSlowAnswer), sentBy(t, "Bearer others"), "reading the body: the answer comes too slowly: others wait for its place"},
		{"own words alone", fmt.Errorf("reading the body: %w", errTwoLists), sentBy(t, "Bearer answer"), "reading the body: the answer has both rows and items"},
		{"own words, and a server's like them", fmt.Errorf("%w: content type %q", errNotJSON, "answer"), sentBy(t, "Bearer answer"), `the *** is not JSON: content type "***"`},
		{"user of one letter", errors.New(`status 401: User "u" is unknown`), sentBy(t, "Basic dTpodW50ZXIy"), `status 401: User "***" is unknown`},
		{"secret beyond the length", errors.New(strings.Repeat("x", redact.MaxLine-3) + "hunter2"), sent, strings.Repeat("x", redact.MaxLine-3) + "***"},
		{"secret within a URL error", request(errors.New("hunter2")), sent, "***"},
		{"path of a file", request(fmt.Errorf("handshake: %w", &fs.PathError{Op: "open", Path: "/etc/hunter2", Err: fs.ErrNotExist})), &redact.Exchange{}, "a file that the kubeconfig names: file does not exist"},
		{"pointer", pointer("/metadata/name"), sent, `jsontext: EOF within "/metadata/name"`},
		{"pointer with a secret", pointer("/metadata/hunter2"), sent, `jsontext: EOF`},
		{"pointer that is cut in a secret", pointer("/" + long), sentBy(t, "Bearer "+string(long)), "jsontext: EOF"},
		{"pointer with an escaped secret", pointer("/hunter~12"), sentBy(t, "Bearer hunter/2"), "jsontext: EOF"},
		{"only control characters", errors.New("\n\n"), &redact.Exchange{}, ""}, //nolint:revive // the text is what is tested
		{"long", errors.New(strings.Repeat("x", 1<<20)), &redact.Exchange{}, strings.Repeat("x", redact.MaxLine) + "…"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := clean(test.err, test.sent)
			if got.Error() != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// sentBy is an exchange whose request had this Authorization.
func sentBy(t *testing.T, authorization string) *redact.Exchange {
	t.Helper()
	ctx, sent := redact.NewExchange(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://host", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", authorization)
	nowhere := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.ErrUnsupported })
	if _, err := redact.Transport(nowhere, nil).RoundTrip(request); !errors.Is(err, errors.ErrUnsupported) {
		t.Fatal(err)
	}
	return sent
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// TestWordsOfAPageHideFirst has a credential that contains a tag and an entity: it
// must be hidden before these are removed.
func TestWordsOfAPageHideFirst(t *testing.T) {
	for _, secret := range []string{"Hunter2<b>Correct-Horse", "Hunter2&copyCorrectHorse", "secret6<!--x-->tail66"} {
		page := strings.NewReader("<html>oops " + secret + " again</html>")
		if got := readWords(page, redact.Of(secret)).message; strings.TrimSpace(got) != "oops *** again" {
			t.Errorf("%s: %q", secret, got)
		}
	}
}

// TestCleanKeepsCauses has errors of all kinds: what may be asked for is kept, and nothing
// that holds more than a line.
func TestCleanKeepsCauses(t *testing.T) {
	long := strings.Repeat("x", redact.MaxLine+1)
	restart := &restartError{EndDrift, errNegative}
	for _, tt := range []struct {
		name string
		err  error
		want []error
	}{
		{"own", fmt.Errorf("reading the body: %w", errTooLarge), []error{errTooLarge}},
		{"budget", malformed(errManyNames).Err, []error{errManyNames}},
		{"own, with a server's text", fmt.Errorf("%w: content type %q", errNotJSON, long), []error{errNotJSON}},
		{"two", fmt.Errorf("%w: %w", errStillHangs, context.DeadlineExceeded), []error{errStillHangs, context.DeadlineExceeded}},
		{"kernel", &url.Error{Err: &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}}, []error{syscall.ECONNREFUSED}},
		{"of a decoder", &jsontext.SyntacticError{JSONPointer: jsontext.Pointer("/" + long), Err: io.ErrUnexpectedEOF}, []error{io.ErrUnexpectedEOF}},
		{"of another stream", fmt.Errorf("reading the events: %w", restart), []error{restart}},
		{"server's text", fmt.Errorf("status 500: %s", long), nil},
		{"certificate", &tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got *cleanError
			if !errors.As(clean(tt.err, &redact.Exchange{}), &got) || !slices.Equal(got.causes, tt.want) {
				t.Errorf("%v, want %v", got.causes, tt.want)
			}
		})
	}
}
