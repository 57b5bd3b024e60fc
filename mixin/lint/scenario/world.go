package scenario

import "time"

// tick is the step of the simulation: what happens, happens at a multiple of it.
const tick = 30 * time.Second

// A span is a time within the scenario: from inclusive, to exclusive.
type span struct{ from, to time.Duration }

func (s span) has(t time.Duration) bool { return t >= s.from && t < s.to }

func during(spans []span, t time.Duration) bool {
	for _, one := range spans {
		if one.has(t) {
			return true
		}
	}
	return false
}

const forever = 1000 * time.Hour

// env is what exporter and Prometheus are set to.
type env struct {
	scrape, ttl time.Duration
}

// window is the mixin's rateWindow for these.
func (e env) window() time.Duration { return max(2*e.ttl, 4*e.scrape) }

// evaluation is the interval of the rules. Long windows are not looked at so
// often, which halves the time that the tests take.
func (e env) evaluation() time.Duration {
	if e.ttl > 10*time.Minute {
		return 2 * time.Minute
	}
	return time.Minute
}

// begin is when things go wrong: by then, rates have their windows.
func (e env) begin() time.Duration { return max(30*time.Minute, 2*e.window()) }

// maxStaleness is the exporter's default, or what a longer TTL needs.
func (e env) maxStaleness() time.Duration { return max(30*time.Minute, 3*e.ttl) }

// exporter is one process. Its series have the instance name, and with sd, those
// of each cluster name/CLUSTER, as targets from /sd.
type exporter struct {
	instance      string
	job           string
	shard, shards int
	clusters      []*cluster
	down          []span          // the target is there and does not answer
	gone          []span          // there is no target
	starts        []time.Duration // restarts
	sd            bool
	noReload      []span
	reloads       []time.Duration
	invalid       float64

	started time.Duration
	states  map[*cluster]*state
}

// cluster is what the API server of one does, and what the exporter has of it.
type cluster struct {
	name      string
	nodes     map[string]func(time.Duration) float64 // active pods
	room      map[string]float64                     // allocatable pods
	nodesGone []span
	faults    map[string][]span // counts fail, by reason
	slow      []span            // counts succeed after one page's timeout
	slowAt    []time.Duration   // the count at or after this moment, once each
	panics    []span
	mixed     []span // several moments in one count
	pending   float64
	unknown   float64
	out       []span // not in the kubeconfig
	takes     float64
	pages     int           // of a count; 0 is 20
	phase     time.Duration // of the first count
	watched   bool          // in watch mode
}

// state is what an exporter keeps of a cluster.
type state struct {
	next, last                   time.Duration
	counted, success, consistent bool
	pages, failures, panics      float64
	durationSum, durations       float64
	pageFailures                 map[string]float64
	nodes                        map[string]float64
	slowDone                     int
}

// world is what is simulated.
type world struct {
	env
	exporters []*exporter
	whole     bool // with the series that no alert needs
}

// play returns the series that Prometheus has of the world.
func (w *world) play(length time.Duration) *recording {
	r := &recording{scrapes: int(length/w.scrape) + 1, samples: map[string]map[int]float64{}}
	for _, e := range w.exporters {
		e.states = map[*cluster]*state{}
		if e.job == "" {
			e.job = "pod-count-exporter"
		}
		e.shards = max(1, e.shards)
	}
	for t := time.Duration(0); t <= length; t += tick {
		for _, e := range w.exporters {
			e.step(w.env, t)
			if t%w.scrape == 0 {
				e.scrape(w, t, r)
			}
		}
	}
	return r
}

// running says whether the process runs.
func (e *exporter) running(t time.Duration) bool { return !during(e.down, t) && !during(e.gone, t) }

func (e *exporter) step(v env, t time.Duration) {
	restarted := !e.running(t)
	for _, start := range e.starts {
		restarted = restarted || start == t
	}
	if restarted {
		e.started = t
		e.states = map[*cluster]*state{}
	}
	if !e.running(t) {
		return
	}
	for _, c := range e.clusters {
		if during(c.out, t) {
			delete(e.states, c)
			continue
		}
		s := e.states[c]
		if s == nil {
			s = &state{next: t + c.phase, pageFailures: map[string]float64{}}
			e.states[c] = s
		}
		if t >= s.next {
			s.count(c, v, t)
		}
		if c.watched && s.counted {
			s.follow(c, t)
		}
	}
}

// count is one count that ends at t. Failed ones are tried again a minute later.
func (s *state) count(c *cluster, v env, t time.Duration) {
	s.next = t + time.Minute
	if during(c.panics, t) {
		s.panics++
		s.success = false
		return
	}
	for reason, spans := range c.faults {
		if during(spans, t) {
			s.pageFailures[reason] += 5
			s.failures++
			s.success = false
			return
		}
	}
	s.next = t + v.ttl
	if c.watched {
		s.next = t + audits
	}
	s.last, s.success, s.counted, s.consistent = t, true, true, !during(c.mixed, t)
	s.pages += float64(max(c.pages, 1))
	if c.pages == 0 {
		s.pages += 19
	}
	s.durations++
	s.durationSum += max(c.takes, 1)
	if during(c.slow, t) {
		s.pageFailures["timeout"]++
	}
	for s.slowDone < len(c.slowAt) && t >= c.slowAt[s.slowDone] {
		s.slowDone++
		s.pageFailures["timeout"]++
	}
	s.look(c, t)
}

// audits are about so far apart in watch mode.
const audits = 28 * time.Minute

// follow is what events and bookmarks do until t.
func (s *state) follow(c *cluster, t time.Duration) {
	s.last = t
	s.look(c, t)
}

func (s *state) look(c *cluster, t time.Duration) {
	s.nodes = map[string]float64{}
	if !during(c.nodesGone, t) {
		for node, pods := range c.nodes {
			s.nodes[node] = pods(t)
		}
	}
}
