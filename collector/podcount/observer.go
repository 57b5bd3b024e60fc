package podcount

import "time"

// Observer is told of a count while it runs, from the count's goroutine.
type Observer interface {
	// Started is called when the nodes are known and the pods come next; on a
	// count that goes on after it was suspended, it is called again.
	Started(nodes int)
	// Page is called after every request, whether it gave a page or not; but not
	// when it is none of the count's failures: what the count does without may not
	// be read, or the server does not know this form of request.
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
