package main

import (
	"context"
	"net"
	"net/http"
	"time"
)

const (
	// readHeaderTimeout ends connections that never send a request.
	readHeaderTimeout = 10 * time.Second
	// maxHeaderBytes limits the headers of a request, which take ten times as much memory.
	// Prometheus sends some hundred bytes; proxies add cookies and tokens.
	maxHeaderBytes = 16 << 10
	// idleTimeout is longer than the usual scrape intervals, so that Prometheus
	// can keep its connection.
	idleTimeout = 5 * time.Minute
	// sendTimeout is how long a client may take to send a request, and to read an answer.
	sendTimeout = 30 * time.Second
)

// limitedServer is a server whose clients cannot hold on to its answers. Over HTTP/2 the deadline
// of an answer resets its stream, which has to be written too: a connection that takes
// nothing for as long ends. The deadline is put around the handler when the server begins to
// serve: by then exporter-toolkit has put what refuses clients without a password around it, so
// those have a deadline too. The ReadTimeout is for a body that net/http goes on to wait for
// after the answer. It ends with the reading: scrapes wait as long as they like. requests is the
// context of all requests.
func limitedServer(requests context.Context, handler http.Handler) *http.Server {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       sendTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		IdleTimeout:       idleTimeout,
		HTTP2:             &http.HTTP2Config{WriteByteTimeout: sendTimeout},
	}
	server.BaseContext = func(net.Listener) context.Context {
		server.Handler = withDeadline(server.Handler)
		return requests
	}
	return server
}

// withDeadline cuts off clients that do not read, or announce a body that never comes: an
// answer must be sent within sendTimeout after it begins. An http.Server's WriteTimeout
// would begin with the request, and so limit how long scrapes wait for counts.
func withDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && r.ContentLength != 0 {
			// Nobody reads bodies, and net/http would wait for the rest of one before it
			// answers, for as long as the client likes.
			w.Header().Set("Connection", "close")
		}
		limited := &deadlineWriter{ResponseWriter: w}
		next.ServeHTTP(limited, r)
		limited.begin() // net/http sends the answer if the handler wrote nothing
	})
}

// withoutDeadline takes the deadline from answers that take as long as requested.
func withoutDeadline(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if limited, ok := w.(*deadlineWriter); ok {
			limited.begun = true
		}
		next(w, r)
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
