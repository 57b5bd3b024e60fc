package podcount

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// classifyTransport gives the reason for a request that brought no whole answer.
// connecting says whether the transport came as far as asking for a connection:
// a deadline that passes before is one of this side (a credential plugin that
// hangs), and must not make the API server look slow.
func classifyTransport(ctx context.Context, err error, connecting bool) Reason {
	var (
		dns     *net.DNSError
		timeout net.Error
	)
	switch {
	case !connecting:
		return Unauthorized
	case errors.Is(context.Cause(ctx), errConnectionLost):
		return Network
	case errors.As(err, &dns):
		return Network
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case errors.As(err, &timeout) && timeout.Timeout():
		return Timeout
	default:
		return Network
	}
}

// classifyStatus gives the reason for an answer with this HTTP status, or for a
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

// statusError turns a failed answer into a PageError. The server's own words
// are in its Status, if it sent one.
func statusError(code int, header http.Header, doc document, now time.Time) *PageError {
	text := doc.message
	if location := header.Get("Location"); location != "" && code/100 == 3 {
		text = "a redirect, which is not followed"
	}
	failure := &PageError{
		Reason:      classifyStatus(code),
		Err:         fmt.Errorf("status %d: %s", code, text),
		retryAfter:  retryAfter(header.Get("Retry-After"), now),
		token:       doc.next,
		tooLarge:    code == http.StatusRequestEntityTooLarge,
		code:        code,
		unknownForm: refusesForm(code),
	}
	if failure.retryAfter == 0 {
		failure.retryAfter = retryAfterSeconds(doc.retryAfter)
	}
	if text == "" {
		failure.Err = fmt.Errorf("status %d", code)
	}
	if failure.Reason == Timeout {
		failure.Err = fmt.Errorf("%w (%w)", context.DeadlineExceeded, failure.Err)
	}
	return failure
}
