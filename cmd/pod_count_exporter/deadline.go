package main

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// withDeadline cuts off clients that do not read, or announce a body that never comes: an
// answer must be sent within sendTimeout after it begins. An http.Server's WriteTimeout
// would begin with the request, and so limit how long scrapes wait for counts. Profiles
// have no deadline: they take as long as requested.
func withDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && r.ContentLength != 0 {
			// Nobody reads bodies, and net/http would wait for the rest of one before it
			// answers, for as long as the client likes.
			w.Header().Set("Connection", "close")
		}
		if strings.HasPrefix(r.URL.Path, pprofPrefix) {
			next.ServeHTTP(w, r)
			return
		}
		limited := &deadlineWriter{ResponseWriter: w}
		next.ServeHTTP(limited, r)
		limited.begin() // net/http sends the answer if the handler wrote nothing
	})
}

// withoutDeadline is for http.Server.ConnState: the deadline of an answer must not
// cut off the next one on the same connection.
func withoutDeadline(conn net.Conn, state http.ConnState) {
	if state == http.StateIdle {
		_ = conn.SetWriteDeadline(time.Time{}) // a closed connection needs no deadline
	}
}

// deadlineWriter sets the deadline when the answer begins.
type deadlineWriter struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader begins the answer.
func (w *deadlineWriter) WriteHeader(status int) {
	w.begin()
	w.ResponseWriter.WriteHeader(status)
}

// Write begins the answer, unless WriteHeader has.
func (w *deadlineWriter) Write(p []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *deadlineWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *deadlineWriter) begin() {
	if w.begun {
		return
	}
	w.begun = true
	// Without a connection, as in tests, there is no deadline to set.
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(sendTimeout))
}
