package main

import (
	"fmt"
	"net/http"
	"strings"
)

// withLanding answers requests for a path that leads nowhere with a page that leads to
// the status page, which has links to all there are.
func withLanding(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handler, pattern := mux.Handler(r); pattern == "" {
			handler.ServeHTTP(&landing{ResponseWriter: w, path: r.URL.EscapedPath()}, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// landing changes what mux says of such a path, and nothing of its status 405.
type landing struct {
	http.ResponseWriter

	path    string // as a browser has it
	changed bool
}

// WriteHeader sends the whole page in the place of status 404. The link is relative: a
// proxy may serve the exporter below a path of its own.
func (l *landing) WriteHeader(status int) {
	if l.changed = status == http.StatusNotFound; !l.changed {
		l.ResponseWriter.WriteHeader(status)
		return
	}
	l.Header().Set("Content-Type", "text/html; charset=utf-8")
	l.Header().Set("Content-Security-Policy", "default-src 'none'")
	l.ResponseWriter.WriteHeader(status)
	up := "./" + strings.Repeat("../", strings.Count(l.path, "/")-1)
	// A client that has gone needs no answer.
	_, _ = fmt.Fprintf(l.ResponseWriter, "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Not found</title>\n"+
		"<p>There is no such page. <a href=%q>The status page</a> has links to all there are.\n", up)
}

// Write drops what mux says beside status 404.
func (l *landing) Write(text []byte) (int, error) {
	if l.changed {
		return len(text), nil
	}
	return l.ResponseWriter.Write(text)
}
