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
	case !unresolved && (errors.Is(err, context.DeadlineExceeded) || is && timeout.Timeout()):
		return Timeout
	default:
		return Network
	}
}

// classifyStatus returns the reason for an answer with this HTTP status, or for a
// Status object with this code.
func classifyStatus(code int) Reason {
	return cmp.Or(map[int]Reason{
		http.StatusUnauthorized:    Unauthorized,
		http.StatusForbidden:       Forbidden,
		http.StatusGone:            Expired,
		http.StatusTooManyRequests: Throttled,
		http.StatusRequestTimeout:  Timeout,
		http.StatusGatewayTimeout:  Timeout,
	}[code], Server)
}

// statusError turns an answer that is an error into a PageError. The message is that
// of its Status, if it has one.
func statusError(code int, header http.Header, doc document, now time.Time) *PageError {
	text := doc.message
	if location := header.Get("Location"); location != "" && code/100 == 3 {
		text = "a redirect, which is not followed"
	}
	failure := &PageError{
		Reason:     classifyStatus(code),
		Err:        fmt.Errorf("status %d: %s", code, text),
		retryAfter: cmp.Or(retryAfter(header.Get("Retry-After"), now), retryAfter(doc.retryAfter, now)),
		code:       code,
	}
	if len(doc.next) <= maxTokenBytes { // a longer one of a list would be refused
		failure.token = doc.next
	}
	if text == "" {
		failure.Err = fmt.Errorf("status %d", code)
	}
	if failure.Reason == Timeout {
		failure.Err = fmt.Errorf("%w (%w)", context.DeadlineExceeded, failure.Err)
	}
	return failure
}
