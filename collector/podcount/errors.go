package podcount

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Reason classifies a failed page. Reasons returns all values. The functions of
// classify.go choose one for a request, and malformed for an answer that was read.
type Reason string

// The reasons a page fails for.
const (
	Timeout      Reason = "timeout"      // the page's deadline passed, or the server said that its own did
	Throttled    Reason = "throttled"    // 429
	Expired      Reason = "expired"      // 410, the continue token is too old
	Unauthorized Reason = "unauthorized" // 401, or no credentials to send
	Forbidden    Reason = "forbidden"    // 403
	Server       Reason = "server"       // any other status that is not 200
	Network      Reason = "network"      // no answer, or one that was cut off
	Malformed    Reason = "malformed"    // an answer with status 200 that is not a list
)

// Reasons returns every Reason, for metrics that start at 0.
func Reasons() []Reason {
	return []Reason{Timeout, Throttled, Expired, Unauthorized, Forbidden, Server, Network, Malformed}
}

// PageError is why a request for a page failed, or a stream of events, which has no
// page.
type PageError struct {
	Resource string // Pods, Nodes or Namespaces
	Page     int    // 1 for the first page of the resource, whatever its namespace; 0 for a stream
	Attempt  int    // 1 for the first request at this page
	Reason   Reason
	Err      error // cleaned: short, one line, no credentials

	retryAfter time.Duration // what the server asked for; 0 when it did not
	code       int           // HTTP status, or that of a Status; 0 when there was none
	token      string        // of a 410: where to go on
}

// malformed is the failure of an answer that cannot be counted: not of one for which this
// process had no place.
func malformed(err error) *PageError {
	if errors.Is(err, errLargeElsewhere) {
		return &PageError{Reason: Timeout, Err: errLargeElsewhere}
	}
	return &PageError{Reason: Malformed, Err: err}
}

// connectionLimit is an error of a connection on which a server sent more than it may. The
// next one would bring the same, and cost as much.
type connectionLimit interface {
	error
	ConnectionLimit()
}

// final says whether asking again at once would not help.
func (e *PageError) final() bool {
	_, limited := errors.AsType[connectionLimit](e.Err)
	return limited || e.hopeless()
}

// hopeless says whether asking for the same page would never help.
func (e *PageError) hopeless() bool { return e.missing() || errors.As(e.Err, new(budgetError)) }

// stuck says whether going on from the pages so far would not help.
func (e *PageError) stuck() bool {
	return e.hopeless() || e.unknownForm() || e.code == http.StatusNotFound || errors.Is(e.Err, errSameToken) || errors.Is(e.Err, errLongToken) || errors.Is(e.Err, errNull)
}

// missing says whether a namespace does not exist.
func (e *PageError) missing() bool { return e.Resource == Namespaces && e.code == http.StatusNotFound }

// tooLarge says whether an answer with fewer rows may help.
func (e *PageError) tooLarge() bool {
	return e.code == http.StatusRequestEntityTooLarge || errors.Is(e.Err, errTooLarge)
}

// unknownForm says whether the server does not support this form of request.
func (e *PageError) unknownForm() bool {
	refusals := []int{
		http.StatusBadRequest, http.StatusNotAcceptable, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity, http.StatusNotImplemented,
	}
	return slices.Contains(refusals, e.code) || errors.Is(e.Err, errNoNodeCell) || errors.Is(e.Err, errNoColumns)
}

// refusal says whether the credentials were refused. The server is not expected to
// accept them a moment later.
func (e *PageError) refusal() bool { return e.Reason == Unauthorized || e.Reason == Forbidden }

// otherCause says whether the answer names its cause, which is not the number of rows.
func (e *PageError) otherCause() bool {
	return e.refusal() || e.Reason == Throttled || e.Reason == Expired
}

// busy says whether this process found no time for the answer, with which nothing is wrong.
func (e *PageError) busy() bool { return errors.Is(e.Err, errBusy) }

// Error names the page, the reason and what happened.
func (e *PageError) Error() string {
	if e.Page == 0 { // of a stream
		return fmt.Sprintf("watch of %s: %s: %v", e.Resource, e.Reason, e.Err)
	}
	return fmt.Sprintf("%s page %d, attempt %d: %s: %v", e.Resource, e.Page, e.Attempt, e.Reason, e.Err)
}

// Redirected says whether the server answered with a redirect, which is never followed.
func (e *PageError) Redirected() bool { return e.code/100 == 3 }

// Unwrap gives the cause.
func (e *PageError) Unwrap() error { return e.Err }
