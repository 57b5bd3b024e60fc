package podcount

import (
	"errors"
	"io/fs"
	"net/url"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// cleanError is an error whose text is safe to log, and whose cause can still
// be asked for with errors.Is and errors.As.
type cleanError struct {
	text  string
	cause error
}

// Error is the cleaned text.
func (e *cleanError) Error() string { return e.text }

// Unwrap gives the cause, whose own text is not safe to log.
func (e *cleanError) Unwrap() error { return e.cause }

// clean gives err a text of one printable line without what the exchange sent.
// Texts must come here whole: a credential that is cut is no longer known. The
// URL of a request is left out, as the log line names the cluster and the page,
// and so is the path of a file, which stands in a kubeconfig.
func clean(err error, sent *redact.Exchange) error {
	inner := err
	for request := (*url.Error)(nil); errors.As(inner, &request); {
		inner = request.Err
	}
	text := inner.Error()
	if file := (*fs.PathError)(nil); errors.As(inner, &file) {
		text = "a file that the kubeconfig names: " + file.Err.Error()
	}
	return &cleanError{text: redact.Line(sent.Hide(text)), cause: err}
}
