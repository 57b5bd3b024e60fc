package podcount

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// event is one watch event as it is read.
type event struct {
	Type   EventType      `json:"type"`
	Object jsontext.Value `json:"object"`
}

// object is what is needed of the object of an event: a Table with one row, a pod
// or node, or a Status.
type object struct {
	Kind              string       `json:"kind"`
	Metadata          metadata     `json:"metadata"`
	ColumnDefinitions []definition `json:"columnDefinitions"`
	Rows              []row        `json:"rows"`
	Spec              struct {
		NodeName string `json:"nodeName"`
	} `json:"spec"`
	Status jsontext.Value `json:"status"` // of a Status it is a word

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
	_ = json.Unmarshal(o.Status, &status) // one that is no object has no phase
	return status.Phase == "Succeeded" || status.Phase == "Failed"
}

// failure is what an ERROR event says, in its Status.
func (o *object) failure() *PageError {
	doc := document{message: o.Message, code: numberIn(o.Code), retryAfter: numberIn(o.Details.RetryAfterSeconds)}
	if doc.code == 0 {
		doc.code = http.StatusInternalServerError
	}
	return statusError(doc.code, http.Header{}, doc, time.Time{})
}

func numberIn(value jsontext.Value) int {
	number, _ := strconv.Atoi(string(value)) // a word, or nothing, is no number
	return number
}
