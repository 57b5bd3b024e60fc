package collector

import (
	"sync"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// progress is how far the running count of one cluster has come. It passes on
// what it is told.
type progress struct {
	next podcount.Observer

	mu  sync.Mutex
	now running
}

// running is a count under way.
type running struct {
	since    time.Time // zero when none runs
	resource string    // podcount.Nodes or podcount.Pods
	page     int       // under way
	attempt  int       // at that page
	pods     int       // on the pages so far
	reason   podcount.Reason
}

var _ podcount.Observer = (*progress)(nil)

func (p *progress) begin() {
	p.change(func(r *running) { *r = running{since: time.Now(), resource: podcount.Nodes, page: 1, attempt: 1} })
}

func (p *progress) end() { p.change(func(r *running) { *r = running{} }) }

// Started tells that the pods come next.
func (p *progress) Started(nodes int) {
	p.change(func(r *running) { r.resource, r.page, r.attempt = podcount.Pods, 1, 1 })
	p.next.Started(nodes)
}

// Page tells of one request.
func (p *progress) Page(page podcount.Page) {
	p.change(func(r *running) {
		r.resource, r.page, r.attempt, r.reason = page.Resource, page.Number+1, 1, ""
		if page.Err != nil {
			r.page, r.attempt, r.reason = page.Number, page.Attempt+1, page.Err.Reason
		}
		if page.Resource == podcount.Pods {
			r.pods = page.Total
		}
	})
	p.next.Page(page)
}

func (p *progress) change(do func(*running)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do(&p.now)
}

func (p *progress) current() running {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}
