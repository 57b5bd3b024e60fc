package collector

import (
	"errors"
	"net/http"
	"net/url"
)

// readQuery reads all of a request's query or nothing: what is left out by
// url.URL.Query would choose every cluster.
func readQuery(r *http.Request) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errors.New("the query cannot be read")
	}
	return query, nil
}
