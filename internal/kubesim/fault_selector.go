package kubesim

import (
	"net/http"
	"strings"
)

// IgnoreSelectors answers requests for pods, watches too, as if they had no field
// selector, as some aggregating servers do: finished pods are in the answers. In a
// Table, only a condition of their rows tells them apart. It fits Config.Intercept.
func IgnoreSelectors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if query := r.URL.Query(); strings.HasSuffix(r.URL.Path, "/pods") && query.Has("fieldSelector") {
			query.Del("fieldSelector")
			address := *r.URL
			address.RawQuery = query.Encode()
			r = r.Clone(r.Context())
			r.URL, r.RequestURI = &address, address.RequestURI()
		}
		next.ServeHTTP(w, r)
	})
}

// IgnoredSelector does so for one page.
func IgnoredSelector() Fault {
	return harmless(Fault{Name: "selector ignored", Spoil: func(a *Answer) {
		IgnoreSelectors(a.next).ServeHTTP(a.Writer, a.Request)
	}})
}
