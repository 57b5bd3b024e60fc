package kubesim

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Fault changes or breaks one answer.
type Fault struct {
	// Name says what is wrong with the answer.
	Name string
	// NeedsToken marks faults that make sense only on a page requested with a
	// continue token; a Script skips them on first pages.
	NeedsToken bool
	// Harmless marks answers that are unusual but still right: a client must count
	// them.
	Harmless bool
	// Spoil writes the changed answer, or breaks the connection.
	Spoil func(a *Answer)
}

// Faults returns every fault, with parameters that make a client notice within its
// usual limits.
func Faults() []Fault {
	return slices.Concat(StatusFaults(), ConnectionFaults(), BodyFaults(), TokenFaults())
}

// StatusFaults are error answers of the API server or its load balancer.
func StatusFaults() []Fault {
	return []Fault{
		HTTPStatus(http.StatusUnauthorized), HTTPStatus(http.StatusForbidden),
		HTTPStatus(http.StatusInternalServerError), HTTPStatus(http.StatusServiceUnavailable),
		HTTPStatus(http.StatusGatewayTimeout),
		TooManyRequests(""), TooManyRequests("1"), TooManyRequestsUntil(2 * time.Second),
		Expired(true), Expired(false),
		Redirect("http://elsewhere.example/api/v1/pods"),
	}
}

// HTTPStatus answers with an error code and the Status object that the API
// server sends with it.
func HTTPStatus(code int) Fault {
	return Fault{Name: "status " + strconv.Itoa(code), Spoil: func(a *Answer) {
		writeStatus(a.Writer, statusFor(code))
	}}
}

func statusFor(code int) *apiStatus {
	switch code {
	case http.StatusUnauthorized:
		return unauthorized()
	case http.StatusForbidden:
		return forbidden("list", "pods", "")
	case http.StatusInternalServerError:
		return statusOf(apierrors.NewInternalError(errors.New("etcdserver: leader changed")))
	case http.StatusServiceUnavailable:
		return statusOf(apierrors.NewServiceUnavailable("apiserver is shutting down"))
	case http.StatusGatewayTimeout:
		return timedOut()
	}
	return statusOf(apierrors.NewGenericServerResponse(code, "get", schema.GroupResource{Resource: "pods"}, "", "", 0, true))
}

// TooManyRequests answers 429 with a Retry-After header, or without one if it
// is empty.
func TooManyRequests(retryAfter string) Fault {
	return Fault{Name: "status 429 with Retry-After " + strconv.Quote(retryAfter), Spoil: func(a *Answer) {
		throttle(a, retryAfter)
	}}
}

// TooManyRequestsUntil answers 429 with a Retry-After that is a date, wait from now.
func TooManyRequestsUntil(wait time.Duration) Fault {
	return Fault{Name: "status 429 with Retry-After as a date", Spoil: func(a *Answer) {
		throttle(a, time.Now().Add(wait).UTC().Format(http.TimeFormat))
	}}
}

func throttle(a *Answer, retryAfter string) {
	if retryAfter != "" {
		a.Writer.Header().Set("Retry-After", retryAfter)
	}
	writeStatus(a.Writer, statusOf(apierrors.NewTooManyRequestsError("please try again later")))
}

// Expired answers 410, with a token to go on with or, as after a restore of etcd,
// without one.
func Expired(fresh bool) Fault {
	if !fresh {
		return Fault{Name: "status 410 without a token", Spoil: func(a *Answer) {
			writeStatus(a.Writer, expired(textListTooOld, ""))
		}}
	}
	return Fault{Name: "status 410 with a fresh token", Spoil: func(a *Answer) {
		start := beginning
		if t, refused := decodeToken(a.token()); refused == "" {
			start = t.Start
		}
		writeStatus(a.Writer, expired(textInconsistent, encodeToken(anyVersion, start, 0)))
	}}
}

// token is the continue token that the client sent.
func (a *Answer) token() string { return a.Request.URL.Query().Get("continue") }

// Redirect answers 302 to another URL.
func Redirect(to string) Fault {
	return Fault{Name: "redirect", Spoil: func(a *Answer) {
		a.Writer.Header().Set("Location", to)
		a.Writer.WriteHeader(http.StatusFound)
	}}
}
