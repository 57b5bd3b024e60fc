package podcount

import (
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
	Kind              string       `json:"kind"`
	Metadata          metadata     `json:"metadata"`
	ColumnDefinitions []definition `json:"columnDefinitions"`
	Rows              []row        `json:"rows"`
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
	Name            string                    `json:"name"`
	ResourceVersion string                    `json:"resourceVersion"`
	Annotations     map[string]jsontext.Value `json:"annotations"`
}

type definition struct {
	Name string `json:"name"`
}

type row struct {
	Cells      []jsontext.Value `json:"cells"`
	Conditions []struct {
		Type   string `json:"type"`
		Status string `json:"status"`
	} `json:"conditions"`
	Object struct {
		Metadata metadata `json:"metadata"`
	} `json:"object"`
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
