package podcount

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// classifyTransport returns the reason for a request that brought no complete answer.
// connecting says whether the transport has begun to ask for a connection. A deadline
// that passes before that is the fault of this side, for example of a credential
// plugin that hangs, and must not make the API server look slow.
func classifyTransport(err error, connecting bool) Reason {
	_, unresolved := errors.AsType[*net.DNSError](err)
	timeout, is := errors.AsType[net.Error](err)
	switch {
	case !connecting:
		return Unauthorized
	case unresolved:
		return Network
	case errors.Is(err, context.DeadlineExceeded), is && timeout.Timeout():
		return Timeout
	default:
		return Network
	}
}

// classifyStatus returns the reason for an answer with this HTTP status, or for a
// Status object with this code.
func classifyStatus(code int) Reason {
	switch code {
	case http.StatusUnauthorized:
		return Unauthorized
	case http.StatusForbidden:
		return Forbidden
	case http.StatusGone:
		return Expired
	case http.StatusTooManyRequests:
		return Throttled
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return Timeout
	default:
		return Server
	}
}

// statusError turns an answer that is an error into a PageError. The message is that
// of its Status, if it has one.
func statusError(code int, header http.Header, doc document, now time.Time) *PageError {
	text := doc.message
	if location := header.Get("Location"); location != "" && code/100 == 3 {
		text = "a redirect, which is not followed"
	}
	failure := &PageError{
		Reason:      classifyStatus(code),
		Err:         fmt.Errorf("status %d: %s", code, text),
		retryAfter:  cmp.Or(retryAfter(header.Get("Retry-After"), now), retryAfter(doc.retryAfter, now)),
		token:       doc.next,
		tooLarge:    code == http.StatusRequestEntityTooLarge,
		code:        code,
		unknownForm: refusesForm(code),
	}
	if len(failure.token) > maxTokenBytes { // one of a list would be refused
		failure.token = ""
	}
	if text == "" {
		failure.Err = fmt.Errorf("status %d", code)
	}
	if failure.Reason == Timeout {
		failure.Err = fmt.Errorf("%w (%w)", context.DeadlineExceeded, failure.Err)
	}
	return failure
}
