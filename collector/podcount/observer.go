package podcount

import "time"

// Observer is told of a count while it runs, from the count's goroutine.
type Observer interface {
	// Started is called when the nodes are known and the pods come next; on a
	// count that goes on after it was set aside, it is called again.
	Started(nodes int)
	// Page is called after every request, whether it gave a page or not; but not
	// when it is none of the count's failures that the nodes may not be listed.
	Page(Page)
}

// Page is the outcome of one request for one page.
type Page struct {
	Resource string        // Pods or Nodes
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

// The resources that are walked.
const (
	Pods  = "pods"
	Nodes = "nodes"
)
