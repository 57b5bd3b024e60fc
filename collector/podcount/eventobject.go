package podcount

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// event is one watch event as the server sends it.
type event struct {
	Type   EventType      `json:"type"`
	Object jsontext.Value `json:"object"`
}

// object has the fields that are needed of an event's object: a Table with one row, a
// pod or node, or a Status.
type object struct {
	Kind              string          `json:"kind"`
	Metadata          metadata        `json:"metadata"`
	ColumnDefinitions few[definition] `json:"columnDefinitions"`
	Rows              few[row]        `json:"rows"`
	Spec              struct {
		NodeName string `json:"nodeName"`
	} `json:"spec"`
	Status jsontext.Value `json:"status"` // a string in a Status

	Message string         `json:"message"`
	Code    jsontext.Value `json:"code"`
	Details struct {
		RetryAfterSeconds jsontext.Value `json:"retryAfterSeconds"`
	} `json:"details"`
}

type metadata struct {
	Name            string      `json:"name"`
	ResourceVersion string      `json:"resourceVersion"`
	Annotations     annotations `json:"annotations"`
}

// annotations are those of an object, as far as they are needed.
type annotations struct{ initialEnd bool }

// UnmarshalJSONFrom keeps nothing of the values: an event may be full of them.
func (a *annotations) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != jsontext.KindBeginObject {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == jsontext.KindString {
		key, err := d.ReadToken()
		if err != nil {
			return err
		}
		a.initialEnd = a.initialEnd || key.String() == initialEnd
		if err := d.SkipValue(); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// maxParts is how many rows, cells, columns or conditions an event may have. A Table of
// pods has about ten columns; in memory, a part takes many times its two bytes of JSON.
const maxParts = 1000

var errManyParts = errors.New("an event has more than 1000 rows, cells, columns or conditions")

// few is an array of at most maxParts.
type few[T any] []T

// UnmarshalJSONFrom refuses an array as soon as it is too long.
func (f *few[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != jsontext.KindBeginArray {
		return json.UnmarshalDecode(d, (*[]T)(f)) // null, or what is no array
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	all := []T{}
	for kind := d.PeekKind(); kind != jsontext.KindEndArray; kind = d.PeekKind() {
		if len(all) == maxParts {
			return errManyParts
		}
		var one T
		if err := json.UnmarshalDecode(d, &one); err != nil {
			return err
		}
		all = append(all, one)
	}
	*f = all
	_, err := d.ReadToken()
	return err
}

type definition struct {
	Name string `json:"name"`
}

type row struct {
	Cells      few[jsontext.Value] `json:"cells"`
	Conditions few[condition]      `json:"conditions"`
	Object     struct {
		Metadata metadata `json:"metadata"`
	} `json:"object"`
}

type condition struct {
	Type   string `json:"type"`
	Status string `json:"status"`
}

func (r *row) finished() bool {
	for _, condition := range r.Conditions {
		if condition.Type == "Completed" && condition.Status == "True" {
			return true
		}
	}
	return false
}

func (o *object) finished() bool {
	var status struct {
		Phase string `json:"phase"`
	}
	_ = json.Unmarshal(o.Status, &status) // a status that is not an object has no phase
	return status.Phase == "Succeeded" || status.Phase == "Failed"
}

// failure returns the error that an ERROR event reports in its Status.
func (o *object) failure() *PageError {
	doc := document{message: o.Message, code: numberIn(o.Code), retryAfter: numberIn(o.Details.RetryAfterSeconds)}
	if doc.code == 0 {
		doc.code = http.StatusInternalServerError
	}
	return statusError(doc.code, http.Header{}, doc, time.Time{})
}

func numberIn(value jsontext.Value) int {
	number, _ := strconv.Atoi(string(value)) // a word, or nothing, is 0
	return number
}
