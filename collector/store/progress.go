package store

import (
	"sync"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// progress is how far the running count of one cluster has come. It passes everything
// on to next.
type progress struct {
	next podcount.Observer

	mu  sync.Mutex
	now Progress
}

// Progress is how far a count has come.
type Progress struct {
	Since    time.Time       // zero when none runs
	Resource string          // podcount.Nodes, Pods or Namespaces
	Page     int             // number of the page under way
	Attempt  int             // attempt at that page
	Pods     int             // on the pages so far
	Reason   podcount.Reason // of the failure of the attempt before; empty if there was none
}

var _ podcount.Observer = (*progress)(nil)

func (p *progress) begin() {
	p.change(func(r *Progress) { *r = Progress{Since: time.Now(), Resource: podcount.Nodes, Page: 1, Attempt: 1} })
}

func (p *progress) end() { p.change(func(r *Progress) { *r = Progress{} }) }

// Started notes that the pods come next.
func (p *progress) Started(nodes int) {
	p.change(func(r *Progress) { r.Resource, r.Page, r.Attempt = podcount.Pods, 1, 1 })
	p.next.Started(nodes)
}

// Page notes one request.
func (p *progress) Page(page podcount.Page) {
	p.change(func(r *Progress) {
		r.Resource, r.Page, r.Attempt, r.Reason = page.Resource, page.Number+1, 1, ""
		if page.Err != nil {
			r.Page, r.Attempt, r.Reason = page.Number, page.Attempt+1, page.Err.Reason
		}
		if page.Resource == podcount.Pods {
			r.Pods = page.Total
		}
	})
	p.next.Page(page)
}

// Event passes the event on.
func (p *progress) Event(e podcount.Event) { p.next.Event(e) }

// Watched notes that a count begins: the start is made again, or the cluster is listed.
func (p *progress) Watched(w podcount.Watched) {
	if w.Restart != nil || w.Fallback != nil {
		p.begin()
	}
	p.next.Watched(w)
}

func (p *progress) change(do func(*Progress)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do(&p.now)
}

func (p *progress) current() Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}
