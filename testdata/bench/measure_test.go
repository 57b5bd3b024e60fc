package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// fakes are contenders without processes: CPU time grows with each count.
type fakes struct {
	started []string
	stopped []string
	plans   [][]page // that drain was given
	cpu     map[int]time.Duration
}

const serverPID = 1

// fakeCounter adds to the CPU times what one count costs.
type fakeCounter struct {
	f           *fakes
	pid         int
	own, server time.Duration
	tally       tally
	err         error
	drain       bool
}

func (c *fakeCounter) count(_ context.Context, plan []page) (tally, error) {
	c.f.cpu[c.pid] += c.own
	c.f.cpu[serverPID] += c.server
	if c.drain {
		c.f.plans = append(c.f.plans, plan)
	}
	return c.tally, c.err
}

// contender takes 5 ms of CPU time to start.
func (f *fakes) contender(name string, pid int, c fakeCounter) contender {
	return contender{name: name, drops: c.drain, start: func(context.Context, string) (started, error) {
		f.started = append(f.started, name)
		f.cpu[pid] = 5 * time.Millisecond
		c.f, c.pid = f, pid
		return started{counter: &c, pid: pid, stop: func() { f.stopped = append(f.stopped, name) }}, nil
	}}
}

func (f *fakes) runner(contenders ...contender) *runner {
	return &runner{
		contenders: contenders, serverPID: serverPID, truth: truthOfTwo(), runs: 2, counts: 4,
		settle: func(context.Context) error { return nil },
		cpu:    func(pid int) (time.Duration, error) { return f.cpu[pid], nil },
		rss:    func(pid int) (int64, error) { return int64(pid) << 20, nil },
	}
}

// counted is a right count, as the exporter gives it.
func counted() tally {
	c := truthOfTwo()
	c.Wall, c.Took, c.Bytes = 40*time.Millisecond, 30*time.Millisecond, 1000
	c.Plan = []page{{"nodes", 500}, {"pods", 500}}
	return c
}

func TestRunner(t *testing.T) {
	f := &fakes{cpu: map[int]time.Duration{serverPID: time.Hour}}
	samples, err := f.runner(
		f.contender(ours, 7, fakeCounter{own: 20 * time.Millisecond, server: 60 * time.Millisecond, tally: counted()}),
		f.contender(floor, 8, fakeCounter{own: time.Millisecond, tally: tally{Bytes: 1001}, drain: true}),
	).all(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := sample{
		wall: 40 * time.Millisecond, took: 30 * time.Millisecond,
		own: 20 * time.Millisecond, server: 60 * time.Millisecond, first: 25 * time.Millisecond, rss: 7 << 20, pages: 2,
	}
	if got := samples[ours]; !slices.Equal(got, []sample{want, want}) {
		t.Errorf("samples %+v, want twice %+v", got, want)
	}
	if inTurn := []string{ours, floor, ours, floor}; !slices.Equal(f.started, inTurn) || !slices.Equal(f.stopped, inTurn) {
		t.Errorf("started %v and stopped %v, want both %v", f.started, f.stopped, inTurn)
	}
	if len(f.plans) != 8 {
		t.Fatalf("drain counted %d times, want 8", len(f.plans))
	}
	for i, plan := range f.plans {
		if !slices.Equal(plan, counted().Plan) {
			t.Errorf("drain's count %d had the plan %v, want that of the exporter", i, plan)
		}
	}
}

func TestRunnerRefuses(t *testing.T) {
	short := counted()
	short.Nodes["a"] = 1
	for name, c := range map[string]struct {
		other fakeCounter
		want  string
	}{
		"a wrong count":              {fakeCounter{tally: short}, "other: wrong count: node a"},
		"a count that fails":         {fakeCounter{err: errors.New("timed out")}, "other: timed out"},
		"a drain of other bytes":     {fakeCounter{tally: tally{Bytes: 1011}, drain: true}, "other: read 1011 bytes"},
		"a drain that read too few":  {fakeCounter{tally: tally{Bytes: 989}, drain: true}, "other: read 989 bytes"},
		"a drain that read nothing":  {fakeCounter{drain: true}, "other: read 0 bytes"},
		"a count that has no result": {fakeCounter{}, "other: wrong count: node"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fakes{cpu: map[int]time.Duration{}}
			_, err := f.runner(f.contender(ours, 7, fakeCounter{tally: counted()}), f.contender("other", 8, c.other)).all(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
			if want := []string{ours, "other"}; !slices.Equal(f.stopped, want) {
				t.Errorf("stopped %v, want %v", f.stopped, want)
			}
		})
	}
}
