package store

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// PanicError is a count that met a fault of this program.
type PanicError struct {
	value any
	Stack []byte // of the goroutine that panicked
}

// Error quotes what Go itself says, and no other value: it may hold an answer.
func (p *PanicError) Error() string {
	if fault, ok := p.value.(runtime.Error); ok {
		return "the count panicked: " + fault.Error()
	}
	return fmt.Sprintf("the count panicked (%T)", p.value)
}

// try counts, and turns a panic into an error: it must not end the other
// clusters with this one.
func (c *Cluster) try(ctx context.Context, counter Counter, publish func(*podcount.Snapshot)) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{value: value, Stack: debug.Stack()}
		}
	}()
	return counter.Count(ctx, &c.progress, publish)
}
