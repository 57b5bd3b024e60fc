package podcount

import (
	"errors"
	"io/fs"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

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
	if syntax := (*jsontext.SyntacticError)(nil); errors.As(inner, &syntax) && !wholePointer(syntax.JSONPointer) {
		without := *syntax // the cause keeps its own
		without.JSONPointer = ""
		text = without.Error()
	}
	if file := (*fs.PathError)(nil); errors.As(inner, &file) {
		text = "a file that the kubeconfig names: " + file.Err.Error()
	}
	return &cleanError{text: redact.Line(sent.Hide(text)), cause: err}
}

// wholePointer says whether an error quotes the pointer, which is made of names
// that the server gave, as it is: jsontext cuts longer ones in their middle, and
// an escaped credential is no longer known.
func wholePointer(pointer jsontext.Pointer) bool {
	return len(pointer) <= 100 && !strings.Contains(string(pointer), "~")
}
