package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

const (
	// lookEvery is how often what is shown is compared with what there is.
	lookEvery = 250 * time.Millisecond
	// listEvery is how often a cluster that cannot be followed is counted: 100,000
	// pods are more than half a second of the API server's CPU each time.
	listEvery = 30 * time.Second
)

// display shows the clusters, again and again.
type display interface {
	// show is called with every look. What has not changed need not be written.
	show(picture) error
	// end leaves the terminal as it was. Showing may begin anew after it.
	end() error
}

// picture is what all clusters are like at one moment.
type picture struct {
	now      time.Time
	sights   []*sight // in the order of the kubeconfig
	problems []error  // of kubeconfigs that cannot be read, and nodes that were named and are nowhere
	counting bool     // a cluster's first count has not ended
}

// results are those of which something is shown.
func (p picture) results() (all []*result) {
	for _, s := range p.sights {
		all = append(all, s.result)
	}
	return all
}

// known says whether any cluster has been counted.
func (p picture) known() bool {
	return slices.ContainsFunc(p.sights, func(s *sight) bool { return s.snapshot != nil })
}

// watchAndShow keeps what is shown up to date until ctx ends, or nothing could be
// counted at all.
func (o *options) watchAndShow(ctx context.Context, around surroundings) int {
	f := newFleet(ctx, o, around)
	var to display = newChanges(f)
	if around.out.terminal {
		to = newFrames(f)
	}
	began := around.now()
	counted, err := f.watch(ctx, to)
	if ended := to.end(); err == nil {
		err = ended
	}
	seen := f.look()
	f.stop()
	f.store.Wait()
	if around.out.terminal {
		f.last.save(f.results)
	}
	switch {
	case err != nil:
		f.tell("error: %s", err)
		return exitFailed
	case !counted && ctx.Err() == nil:
		return f.report()
	}
	f.tellEnd(seen, around.now().Sub(began))
	return exitInterrupted
}

// watch returns when ctx ends, or every cluster's first count has failed. counted
// says that one has not.
func (f *fleet) watch(ctx context.Context, to display) (counted bool, err error) {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	suspends := make(chan os.Signal, 1)
	if f.around.out.terminal && f.around.jobs.notify != nil {
		f.around.jobs.notify(suspends)
		defer signal.Stop(suspends)
	}
	for {
		f.store.Warm() // of those that are followed, none is due
		p := f.look()
		if counted = counted || p.known(); !counted && !p.counting {
			return false, nil
		}
		if err := to.show(p); err != nil {
			return counted, err
		}
		select {
		case <-ctx.Done():
			return counted, nil
		case <-suspends: // the shell wants its screen and its cursor
			if err := to.end(); err != nil {
				return counted, err
			}
			f.around.jobs.stop()
		case <-ticks.C:
		}
	}
}

// look takes a picture.
func (f *fleet) look() picture {
	p := picture{now: f.around.now(), problems: slices.Clone(f.problems)}
	for _, r := range f.results {
		s := f.sightOf(r)
		p.sights = append(p.sights, s)
		// The end of a count is told a moment before there is something to show of it.
		p.counting = p.counting || !r.hasEnded() || s.condition() == isCounting
	}
	if !p.counting {
		p.problems = append(p.problems, f.opts.missing(p.results())...)
	}
	return p
}

func (f *fleet) sightOf(r *result) *sight {
	s := &sight{result: &result{name: r.name, key: r.key}, streams: r.streams.copy()}
	if f.counted[r.name] != r {
		s.err = r.err // of the kubeconfig, from the start
		return s
	}
	v := f.store.Find(r.name).View()
	s.err, s.age, s.progress = v.Err, v.Age, v.Progress
	if v.Shown() {
		s.snapshot = v.Snapshot
	}
	return s
}

// tellEnd says how far each cluster has been followed.
func (f *fleet) tellEnd(seen picture, lasted time.Duration) {
	for _, s := range seen.sights {
		lasted := lasted.Round(time.Second)
		switch s.condition() {
		case isCounting:
			s.err = &interruptedError{s.progress}
			f.tellFailure(s.result)
		case isFailing:
			f.tellFailure(s.result)
		case isListed:
			f.tell("note: %s: counted %s in %s", s.name, plural(s.streams.counts, "time"), lasted)
		default:
			f.tell("note: %s: followed for %s: %s", s.name, lasted, f.opts.moved(s.streams))
		}
	}
}

// moved says how many pods came and went.
func (o *options) moved(s streams) string {
	where := "nodes"
	if nodes := o.pages.Nodes; nodes.Labels != "" || len(nodes.Names) > 0 {
		where = "the nodes shown"
	}
	return fmt.Sprintf("%s bound to %s, %s gone from them", plural(s.bound, "pod"), where, grouped(s.left))
}

// watchOptions are those of a store whose clusters are followed: its snapshots are
// those of streams, or of counts that somebody waits for.
func watchOptions() store.Options {
	options := store.DefaultOptions()
	options.CacheTTL = listEvery
	return options
}

// howOften is for messages.
func howOften() string { return fmt.Sprintf("every %s", listEvery) }
