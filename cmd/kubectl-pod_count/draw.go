package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

const (
	// drawAfter is how long a count may take without a progress bar: one that comes
	// and goes in a moment is a flicker.
	drawAfter = 300 * time.Millisecond
	drawEvery = 100 * time.Millisecond
)

// draw draws the progress on standard error, if that is a terminal, until the
// function that it returns is called, which takes it away.
func (f *fleet) draw() (end func()) {
	if !f.around.err.terminal {
		return func() {}
	}
	stop := make(chan struct{})
	var drawing sync.WaitGroup
	drawing.Go(func() {
		var bar progressBar
		ticks := time.NewTicker(drawEvery)
		defer ticks.Stop()
		for began := f.around.now(); ; {
			select {
			case <-stop:
				fmt.Fprint(f.around.stderr, "\r\x1b[K")
				return
			case <-ticks.C:
				now := f.around.now()
				line := bar.line(f.progress(), now, f.around.err.width-1)
				if now.Sub(began) >= drawAfter {
					fmt.Fprint(f.around.stderr, "\r"+line+"\x1b[K")
				}
			}
		}
	})
	return sync.OnceFunc(func() {
		close(stop)
		drawing.Wait()
	})
}

// progress is how far each cluster has come.
func (f *fleet) progress() []progress {
	all := make([]progress, len(f.results))
	for i, r := range f.results {
		p := progress{name: r.name, expected: f.last.pods(r.key), ended: r.hasEnded()}
		switch {
		case !p.ended:
			p.Progress = f.store.Find(r.name).View().Progress
			p.begun = p.Resource == podcount.Pods
		case r.snapshot != nil:
			p.Pods = r.snapshot.ActivePods() + r.snapshot.UnscheduledPods
			p.begun, p.expected = true, p.Pods
		default:
			p.failed, p.expected = true, 0
		}
		all[i] = p
	}
	return all
}
