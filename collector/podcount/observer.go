package podcount

import "time"

// Observer learns what happens during a count. It is called from the count's
// goroutine.
type Observer interface {
	// Started is called when the nodes are known and the pods come next. A suspended
	// count that goes on calls it again.
	Started(nodes int)
	// Page is called after every request that was not cancelled, whether it returned a
	// page or failed. It is not called for failures that are not the count's: a resource
	// that it can go without is forbidden, or the server does not support a form of
	// request.
	Page(Page)
	WatchObserver
}

// Page is the outcome of one request for one page.
type Page struct {
	Resource string        // Pods, Nodes or Namespaces
	Number   int           // 1 for the first page of the resource, whatever its namespace
	Attempt  int           // 1 for the first request at this page
	Limit    int           // rows asked for
	Rows     int           // rows that count; 0 when the attempt failed
	Total    int           // rows of the resource so far
	Bytes    int64         // on the wire, of a failed attempt too
	Duration time.Duration // of the request, body included
	Err      *PageError    // nil when the page is complete
	Wait     time.Duration // until the next attempt; 0 when there is none
}

// The resources that are asked for.
const (
	Pods       = "pods"
	Nodes      = "nodes"
	Namespaces = "namespaces" // one, by name
)
