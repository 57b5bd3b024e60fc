package collector

import (
	"encoding/json"
	"errors"
	"net/http"
)

// apiError is an answer other than 200.
type apiError struct {
	status int
	text   string
}

// Error is what the client reads.
func (e apiError) Error() string { return e.text }

// reading answers GET and HEAD, and turns errors into JSON.
func reading(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var err error = apiError{http.StatusMethodNotAllowed, "only GET is served here"}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			err = serve(w, r)
		} else {
			w.Header().Set("Allow", "GET, HEAD")
		}
		var failure apiError
		if errors.As(err, &failure) {
			writeJSON(w, failure.status, map[string]any{"status": failure.status, "error": failure.text})
		}
	}
}

// writeJSON sends v, which can always be encoded.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that has gone needs no answer.
	_ = json.NewEncoder(w).Encode(v)
}

// respondJSON sends what build returns, when there is a slot for it.
func (c *Collector) respondJSON(w http.ResponseWriter, r *http.Request, build func() any) error {
	_, _, err := c.responder.respond(w, r, func(w http.ResponseWriter) { writeJSON(w, http.StatusOK, build()) })
	if err != nil {
		return apiError{http.StatusServiceUnavailable, err.Error()}
	}
	return nil
}
