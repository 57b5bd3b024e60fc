package collector

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// apiError is an answer other than 200.
type apiError struct {
	status int
	text   string
}

// Error is what the client reads.
func (e apiError) Error() string { return e.text }

// reading answers GET and HEAD with a query that can be read, and turns errors into JSON.
func reading(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var err error = apiError{http.StatusMethodNotAllowed, "only GET is served here"}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			if _, err = readQuery(r); err != nil {
				err = apiError{http.StatusBadRequest, err.Error()}
			} else {
				err = serve(w, r)
			}
		} else {
			w.Header().Set("Allow", "GET, HEAD")
		}
		refuse(w, err)
	}
}

// refuse sends an error; nothing, if there is none.
func refuse(w http.ResponseWriter, err error) {
	var failure apiError
	if errors.As(err, &failure) {
		writeJSON(w, failure.status, map[string]any{"status": failure.status, "error": failure.text})
	}
}

func announce(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
}

// writeJSON sends v, which can always be encoded.
func writeJSON(w http.ResponseWriter, status int, v any) {
	announce(w, status)
	// A client that has gone needs no answer.
	_ = json.NewEncoder(w).Encode(v)
}

// writeNodes sends a cluster with all of its nodes, as writeJSON would. It encodes some
// hundred nodes at a time: all of them could take many times the memory of their names.
func writeNodes(w http.ResponseWriter, v store.View) {
	const end = "]}\n"
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encode := func(v any) []byte {
		text.Reset()
		_ = encoder.Encode(v) // it can be encoded, and a buffer takes it
		return text.Bytes()
	}
	announce(w, http.StatusOK)
	head := encode(nodesAnswer{clusterAnswer: clusterOf(v), Nodes: []nodeAnswer{}})
	_, _ = w.Write(bytes.TrimSuffix(head, []byte(end)))
	between := ""
	for nodes := range slices.Chunk(v.Snapshot.Nodes, partSeries) {
		part := bytes.TrimPrefix(encode(nodesOf(nodes)), []byte("["))
		_, _ = io.WriteString(w, between)
		_, _ = w.Write(bytes.TrimSuffix(part, []byte("]\n")))
		between = ","
	}
	_, _ = io.WriteString(w, end)
}

// respondJSON has write make the answer, or its error, when there is a slot for it. What
// write uses is not kept while the answer is sent.
func (c *Collector) respondJSON(w http.ResponseWriter, r *http.Request, write func(http.ResponseWriter) error) error {
	_, _, err := c.responder.respond(w, r, nil, func(w http.ResponseWriter) { refuse(w, write(w)) })
	if err != nil {
		return apiError{http.StatusServiceUnavailable, err.Error()}
	}
	return nil
}
