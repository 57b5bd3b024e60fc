package podcount

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"
	"syscall"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// cleanError is an error whose text is safe to log, and whose causes can still
// be asked for with errors.Is and errors.As.
type cleanError struct {
	text   string
	causes []error
}

// Error is the cleaned text.
func (e *cleanError) Error() string { return e.text }

// Unwrap gives the causes, whose own texts are not safe to log.
func (e *cleanError) Unwrap() []error { return e.causes }

// causes are what an error of this program, of the kernel or of the libraries is at last.
// Nothing else is kept of it: errors hold texts of the server, certificates and connections.
func causes(err error) (all []error) {
	switch e := err.(type) { //nolint:errorlint // this is what unwraps
	case *PageError, *restartError, budgetError, connectionLimit, syscall.Errno:
		return []error{err}
	case interface{ Unwrap() error }:
		return causes(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			all = append(all, causes(one)...)
		}
		return all
	}
	plain := reflect.TypeOf(err) == reflect.TypeOf(io.EOF) && len(err.Error()) <= redact.MaxLine
	if plain || err == context.DeadlineExceeded { //nolint:errorlint // it is the innermost
		return []error{err}
	}
	return nil
}

// clean turns the text of err into one printable line without anything that the
// exchange sent. What was cut of a server's text must have a redact.Mark. The URL of a
// request is left out, since the log line names the cluster and the page, and so is the
// path of a file, since it is part of a kubeconfig.
func clean(err error, sent *redact.Exchange) error {
	inner := err
	for request := (*url.Error)(nil); errors.As(inner, &request); {
		inner = request.Err
	}
	text := inner.Error()
	if syntax := (*jsontext.SyntacticError)(nil); errors.As(inner, &syntax) && !knownPointer(syntax.JSONPointer) {
		without := *syntax // the cause keeps its pointer
		without.JSONPointer = ""
		text = without.Error()
	}
	if file := (*fs.PathError)(nil); errors.As(inner, &file) {
		text = "a file that the kubeconfig names: " + file.Err.Error()
	}
	own := len(ownWords(inner, text))
	return &cleanError{text: strings.Clone(redact.Line(text[:own] + sent.Hide(text[own:]))), causes: causes(err)}
}

// ownWords is the longest beginning of an error's text that this program wrote
// itself. No credential is hidden in it: from what is missing, anybody could guess
// the credential.
func ownWords(err error, text string) string {
	const before = `waiting for an answer|waiting for a place in which to read the answer|this process is busy|reading the body|reading the events|status [0-9]{3}|a Status in place of a list|tls: failed to verify certificate`
	front := regexp.MustCompile(`^(context deadline exceeded \()?(status [0-9]{3}\)?$|((` + before + `): )*)`).FindString(text)
	// The kernel's text about a connection does not come from a server.
	if call, op := (*os.SyscallError)(nil), (*net.OpError)(nil); errors.As(err, &op) && errors.As(op.Err, &call) && text == front+op.Error() {
		return text
	}
	for _, whole := range []error{
		context.DeadlineExceeded, context.Canceled, errLargeElsewhere, errSlowAnswer, errSlowLarge, errTooLarge, errCoding, errTrailing, errNoList, errUnasked, errTwoLists,
		errCutShort, errVersion, errNoColumns, errNoNodeCell, errConnectionLost, errStillHangs, errNotJSON, errLongName, errOddName,
		errNodeName, errEchoed, errSameToken, errLongToken, errNull,
	} {
		if errors.Is(err, whole) && text == front+whole.Error() {
			return text
		}
	}
	return front
}

// knownPointer says whether all names of a JSON pointer are those of lists and
// events. Any other name was made up by the server, and may be part of a credential.
func knownPointer(pointer jsontext.Pointer) bool {
	return regexp.MustCompile(`^(/([0-9]{1,9}|kind|metadata|resourceVersion|continue|remainingItemCount|columnDefinitions|name|rows|cells|conditions|items|spec|nodeName|status|phase|allocatable|pods|message|code|details|retryAfterSeconds|type|object))*$`).MatchString(string(pointer))
}
