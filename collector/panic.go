package collector

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// panicked is a count that met a fault of this program.
type panicked struct {
	value any
	stack []byte
}

// Error quotes what Go itself says, and no other value: it may hold an answer.
func (p *panicked) Error() string {
	if fault, ok := p.value.(runtime.Error); ok {
		return "the count panicked: " + fault.Error()
	}
	return fmt.Sprintf("the count panicked (%T)", p.value)
}

// try counts, and turns a panic into an error: it must not end the other
// clusters with this one.
func (c *cache) try(ctx context.Context, counter Counter) (snapshot *podcount.Snapshot, err error) {
	defer func() {
		if value := recover(); value != nil {
			snapshot, err = nil, &panicked{value: value, stack: debug.Stack()}
		}
	}()
	return counter.Count(ctx, &c.progress)
}
