package main

import (
	"context"
	"fmt"
	"time"
)

// counter counts once. plan is what the exporter asked for in its own count of
// this round.
type counter interface {
	count(ctx context.Context, plan []page) (tally, error)
}

// started is a contender's process, ready to count.
type started struct {
	counter
	pid  int
	stop func()
}

// contender is one way to count.
type contender struct {
	name  string
	start func(ctx context.Context, kubeconfig string) (started, error)
	// drops means that it counts nothing: its bytes are checked instead.
	drops bool
}

// sample is what was measured of one process.
type sample struct {
	wall   time.Duration // mean of a count, as its user waits for it
	took   time.Duration // mean of a count alone, as the exporter measures it; 0 for others
	own    time.Duration // mean CPU time of the contender's process for a count
	server time.Duration // mean CPU time of API server and etcd for a count
	first  time.Duration // CPU time of the process from its start to the end of its first count
	rss    int64         // most memory of the process, bytes
	pages  int           // of the last count, as far as the contender tells
}

// runner is one run of the benchmark on one control plane.
type runner struct {
	contenders []contender
	kubeconfig string
	serverPID  int
	truth      tally
	runs       int
	counts     int

	settle func(context.Context) error          // before each process is measured
	cpu    func(pid int) (time.Duration, error) // CPU time of a process so far
	rss    func(pid int) (int64, error)         // most memory of a process so far
}

// all measures every contender once per run, in turn, so that a machine that
// gets slower does so for all of them.
func (r *runner) all(ctx context.Context) (map[string][]sample, error) {
	samples := map[string][]sample{}
	for range r.runs {
		plans := make([]tally, r.counts) // of the exporter, which comes first
		for _, c := range r.contenders {
			s, err := r.one(ctx, c, plans)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			samples[c.name] = append(samples[c.name], s)
		}
	}
	return samples, nil
}

// one measures one process. The exporter leaves its tallies in reference.
func (r *runner) one(ctx context.Context, c contender, reference []tally) (sample, error) {
	if err := r.settle(ctx); err != nil {
		return sample{}, err
	}
	p, err := c.start(ctx, r.kubeconfig)
	if err != nil {
		return sample{}, err
	}
	defer p.stop()
	own, err := r.cpu(p.pid)
	if err != nil {
		return sample{}, err
	}
	server, err := r.cpu(r.serverPID)
	if err != nil {
		return sample{}, err
	}
	var sum sample
	for i := range reference {
		counted, err := r.count(ctx, c, p, &reference[i])
		if err != nil {
			return sample{}, err
		}
		sum.wall += counted.Wall
		sum.took += counted.Took
		sum.pages = len(counted.Plan)
		if i == 0 {
			if sum.first, err = r.cpu(p.pid); err != nil {
				return sample{}, err
			}
		}
	}
	return r.finish(sum, p.pid, own, server)
}

// finish takes the readings after the last count. own and server are those
// before the first one.
func (r *runner) finish(sum sample, pid int, own, server time.Duration) (sample, error) {
	ownEnd, err := r.cpu(pid)
	if err != nil {
		return sample{}, err
	}
	serverEnd, err := r.cpu(r.serverPID)
	if err != nil {
		return sample{}, err
	}
	if sum.rss, err = r.rss(pid); err != nil {
		return sample{}, err
	}
	n := time.Duration(r.counts)
	sum.wall, sum.took = sum.wall/n, sum.took/n
	sum.own, sum.server = (ownEnd-own)/n, (serverEnd-server)/n
	return sum, nil
}

// count counts once and checks the outcome.
func (r *runner) count(ctx context.Context, c contender, p started, reference *tally) (tally, error) {
	counted, err := p.count(ctx, reference.Plan)
	if err != nil {
		return tally{}, err
	}
	if c.drops {
		return counted, sameBytes(counted.Bytes, reference.Bytes)
	}
	if err := counted.check(r.truth); err != nil {
		return tally{}, err
	}
	if len(counted.Plan) > 0 {
		*reference = counted
	}
	return counted, nil
}

// sameBytes allows for a hundredth: a pod's age is among its cells, and its
// length changes.
func sameBytes(got, want int64) error {
	if diff := max(got-want, want-got); diff*100 > want {
		return fmt.Errorf("read %d bytes where the exporter read %d", got, want)
	}
	return nil
}

// transfer is what the API server sent for one count, bytes.
type transfer struct{ pods, nodes int64 }

func (t transfer) total() int64 { return t.pods + t.nodes }

// transfers lets every contender count once through a proxy that measures what
// passes. It warms up the API server as well.
func (r *runner) transfers(ctx context.Context, dir string) (map[string]transfer, error) {
	through, err := startProxy(ctx, r.kubeconfig, dir)
	if err != nil {
		return nil, err
	}
	defer through.stop()
	sent := map[string]transfer{}
	var reference tally
	for _, c := range r.contenders {
		if sent[c.name], err = r.transfer(ctx, c, through, &reference); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return sent, nil
}

func (r *runner) transfer(ctx context.Context, c contender, through *proxy, reference *tally) (transfer, error) {
	p, err := c.start(ctx, through.kubeconfig)
	if err != nil {
		return transfer{}, err
	}
	defer p.stop()
	counted, err := r.count(ctx, c, p, reference)
	if err != nil {
		return transfer{}, err
	}
	taken := through.take()
	t := transfer{pods: taken["pods"], nodes: taken["nodes"]}
	if counted.Bytes != 0 && counted.Bytes != t.total() {
		return transfer{}, fmt.Errorf("it says that it read %d bytes, the api server sent %d", counted.Bytes, t.total())
	}
	return t, nil
}
