package kubesim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// userName is the user of the bearer token, in the text of a 403.
const userName = "system:serviceaccount:monitoring:pod-count-exporter"

// Texts of kube-apiserver 1.37, so that tests of log lines and of the classification
// see what operators see.
const (
	textInconsistent = "The provided continue parameter is too old to display a consistent list result. " +
		"You can start a new list without the continue parameter, or use the continue token in this response " +
		"to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent " +
		"list - objects that were created, modified, or deleted between the time the first chunk was returned " +
		"and now may show up in the list."
	textListTooOld = "The resourceVersion for the provided list is too old."
	textTimeout    = "request did not complete within the allotted timeout"
)

// apiStatus is the API's error object.
type apiStatus = metav1.Status

func statusOf(err *apierrors.StatusError) *apiStatus {
	status := err.Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	return &status
}

func unauthorized() *apiStatus {
	return statusOf(apierrors.NewUnauthorized("Unauthorized"))
}

// forbidden is a 403; an empty namespace stands for all of them.
func forbidden(verb, resource, namespace string) *apiStatus {
	scope := "at the cluster scope"
	if namespace != "" {
		scope = fmt.Sprintf("in the namespace %q", namespace)
	}
	return statusOf(apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "",
		fmt.Errorf("User %q cannot %s resource %q in API group %q %s", userName, verb, resource, "", scope)))
}

func methodNotAllowed(resource, verb string) *apiStatus {
	return statusOf(apierrors.NewMethodNotSupported(schema.GroupResource{Resource: resource}, verb))
}

func badRequest(format string, args ...any) *apiStatus {
	return statusOf(apierrors.NewBadRequest(fmt.Sprintf(format, args...)))
}

func invalidOptions(field, text string) *apiStatus {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid,
		Message: fmt.Sprintf("ListOptions.meta.k8s.io %q is invalid: %s: Forbidden: %s", "", field, text),
	}
}

func notAcceptable() *apiStatus {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: http.StatusNotAcceptable, Reason: metav1.StatusReasonNotAcceptable,
		Message: "only the following media types are accepted: application/json, application/vnd.kubernetes.protobuf",
	}
}

// tooLarge is the answer for a resourceVersion that does not exist yet.
func tooLarge(asked, newest int64) *apiStatus {
	return statusOf(apierrors.NewTimeoutError(fmt.Sprintf("Too large resource version: %d, current: %d", asked, newest), 1))
}

// tooOld is the answer for a watch from a forgotten resourceVersion.
func tooOld(asked, oldest int64) *apiStatus {
	return expired(fmt.Sprintf("too old resource version: %d (%d)", asked, oldest), "")
}

func timedOut() *apiStatus {
	return statusOf(apierrors.NewTimeoutError(textTimeout, 0))
}

// expired is a 410. If token is not empty, an inconsistent list goes on with it.
func expired(text, token string) *apiStatus {
	status := statusOf(apierrors.NewResourceExpired(text))
	status.Continue = token
	return status
}

// writeStatus answers with a Status object, like the API server for errors.
func writeStatus(w http.ResponseWriter, status *apiStatus) {
	if status.Details != nil && status.Details.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(status.Details.RetryAfterSeconds)))
	}
	writeJSON(w, int(status.Code), status)
}

// writeJSON answers with one JSON value. It ignores a client that is gone.
func writeJSON(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value)
}
