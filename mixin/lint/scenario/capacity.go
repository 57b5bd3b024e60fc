package scenario

import "time"

const (
	minute = time.Minute
	hour   = time.Hour
)

func steady(pods float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return pods }
}

// stepped is before until the time, and after from then on.
func stepped(before float64, at time.Duration, after float64) func(time.Duration) float64 {
	return func(t time.Duration) float64 {
		if t < at {
			return before
		}
		return after
	}
}

// roomy is a healthy cluster with a node for 110 pods that holds 40.
func roomy(name string) *cluster {
	return &cluster{name: name, nodes: map[string]func(time.Duration) float64{"roomy": steady(40)}, room: map[string]float64{"roomy": 110}}
}

// with adds a node.
func (c *cluster) with(node string, room float64, pods func(time.Duration) float64) *cluster {
	c.nodes[node], c.room[node] = pods, room
	return c
}

// alone is a world of one exporter.
func alone(v env, clusters ...*cluster) *world {
	return &world{env: v, exporters: []*exporter{{instance: "a:10120", clusters: clusters}}}
}

func at(t time.Duration, firing ...string) want { return want{at: t, firing: firing} }

const (
	nearly = `NodePodCapacityNearlyFull{cluster="east",node="n1"}`
	full   = `NodePodCapacityFull{cluster="east",node="n1"}`
)

func capacity() []scenario {
	return []scenario{
		{
			name: "a node flips between 109 and 110 of 110 with each count",
			world: func(v env) *world {
				return alone(v, roomy("east").with("n1", 110, func(t time.Duration) float64 { return 109 + float64(t/v.ttl%2) }))
			},
			// Whether it is full for long enough depends on the cache TTL.
			wants: func(v env) []want {
				var wants []want
				for t := v.scrape + 16*minute; t < 4*v.ttl+hour; t += 3 * minute {
					wants = append(wants, want{at: t, expr: `group by (node) (ALERTS{alertname="NodePodCapacityNearlyFull",alertstate="firing"})`, values: []value{{`{node="n1"}`, 1}}})
				}
				return wants
			},
			anySettings: true,
		},
		{
			name:  "105 pods, then 110 of 110",
			world: func(v env) *world { return alone(v, roomy("east").with("n1", 110, stepped(105, hour, 110))) },
			wants: func(v env) []want {
				wants := []want{at(14*minute - v.scrape), at(16*minute, nearly), at(hour+14*minute, nearly)}
				for t := hour; t < hour+14*minute; t += minute {
					wants = append(wants, at(t, nearly))
				}
				return append(wants, at(hour+v.ttl+v.scrape+16*minute, nearly, full))
			},
			anySettings: true,
		},
		{
			name: "two clusters with a node of one name, of 17 pods, in one of them full",
			world: func(v env) *world {
				return alone(v, roomy("east").with("n1", 17, steady(17)), roomy("west").with("n1", 17, steady(3)))
			},
			wants:       func(env) []want { return []want{at(30*minute, nearly, full)} },
			anySettings: true,
		},
	}
}

// rooms are scenarios of nodes and clusters that are full and need not worry, or need to.
func rooms() []scenario {
	return []scenario{
		{
			name: "the only node of a cluster holds 17 of 17",
			world: func(v env) *world {
				return alone(v, &cluster{name: "east", nodes: map[string]func(time.Duration) float64{"n1": steady(17)}, room: map[string]float64{"n1": 17}})
			},
			wants:       func(env) []want { return []want{at(30*minute, nearly, full)} },
			anySettings: true,
		},
		{
			name: "nodes of one pod each, always full, and one that takes none and holds three",
			world: func(v env) *world {
				return alone(v, roomy("east").with("f1", 1, steady(1)).with("f2", 1, steady(1)).with("virtual", 0, steady(3)))
			},
			wants:       func(env) []want { return []want{at(hour)} },
			anySettings: true,
		},
		{
			name: "a cluster with no more room than a node holds too much",
			world: func(v env) *world {
				c := &cluster{name: "east", nodes: map[string]func(time.Duration) float64{}, room: map[string]float64{}}
				return alone(v, c.with("n1", 110, steady(110)).with("n2", 110, steady(110)).with("n3", 20, steady(10)).with("f1", 1, steady(1)),
					(&cluster{name: "west", nodes: map[string]func(time.Duration) float64{}, room: map[string]float64{}}).
						with("w1", 100, steady(140)).with("w2", 100, steady(89)))
			},
			wants: func(env) []want {
				return []want{at(hour, nearly, full,
					`NodePodCapacityNearlyFull{cluster="east",node="n2"}`, `NodePodCapacityFull{cluster="east",node="n2"}`, `ClusterPodCapacityFull{cluster="east"}`,
					`NodePodCapacityNearlyFull{cluster="west",node="w1"}`, `NodePodCapacityFull{cluster="west",node="w1"}`)}
			},
			anySettings: true,
		},
	}
}

// homeless are scenarios of pods without a node.
func homeless() []scenario {
	return []scenario{
		{
			name: "other pods are pending at each count; pods are held by scheduling gates",
			world: func(v env) *world {
				busy, gated := roomy("busy"), roomy("gated")
				busy.pending, gated.pending = 3, 500
				return alone(v, busy, gated, roomy("east"))
			},
			wants: func(v env) []want {
				return []want{at(30*minute - v.scrape), at(31*minute+v.scrape, `PodsWithoutNode{cluster="busy"}`, `PodsWithoutNode{cluster="gated"}`)}
			},
			anySettings: true,
		},
		{
			name: "pods stay on nodes that do not exist",
			world: func(v env) *world {
				c := roomy("east")
				c.unknown = 2
				return alone(v, c)
			},
			wants: func(v env) []want {
				return []want{at(30*minute - v.scrape), at(31*minute+v.scrape, `PodsOnUnknownNodes{cluster="east"}`)}
			},
			anySettings: true,
		},
	}
}
