package scenario

import (
	"slices"
	"time"
)

// all are the scenarios of the mixin.
func all() []scenario {
	return slices.Concat(capacity(), rooms(), homeless(), counts(), late(), refused(), old(), first(), odd(), exporters(), leaving(), taken(), unwell(), replicas())
}

// pair is a world of two replicas that count the same cluster, the second one
// half a cache TTL later.
func pair(v env, first, second *cluster) *world {
	second.phase = v.ttl / 2
	return &world{env: v, exporters: []*exporter{target("r0", first), target("r1", second)}}
}

func replicas() []scenario {
	return []scenario{
		{
			name: "of two replicas one fails since an hour and shows 110, the other is fresh and shows 20",
			world: func(v env) *world {
				old := failing("server", span{hour, forever}).with("n1", 110, steady(110))
				return pair(v, old, roomy("east").with("n1", 110, stepped(110, hour, 20)))
			},
			wants: func(v env) []want {
				var wants []want
				for t := hour + v.ttl + v.scrape + 10*minute; t < hour+4*v.ttl; t += 5 * minute {
					wants = append(wants, want{at: t, expr: `group by (alertname) (ALERTS{alertname=~"NodePod.*"})`},
						want{at: t, expr: `cluster:node_active_pods:sum`, values: []value{{`cluster:node_active_pods:sum{cluster="east"}`, 60}}})
				}
				return wants
			},
			anySettings: true,
		},
		{
			name: "between the snapshots of two replicas, 50 pods move",
			world: func(v env) *world {
				moving := func() *cluster {
					there := func(t time.Duration) float64 { return float64(int(t/(v.ttl/2)) % 2 * 50) }
					return (&cluster{name: "east", nodes: map[string]func(time.Duration) float64{}, room: map[string]float64{}}).
						with("n1", 110, func(t time.Duration) float64 { return 50 - there(t) }).with("n2", 110, func(t time.Duration) float64 { return 50 + there(t) })
				}
				return pair(v, moving(), moving())
			},
			wants: func(v env) []want {
				var wants []want
				for t := v.ttl + v.scrape; t < 3*v.ttl; t += minute {
					wants = append(wants, want{at: t, expr: `cluster:node_active_pods:sum`, values: []value{{`cluster:node_active_pods:sum{cluster="east"}`, 100}}})
				}
				return wants
			},
			anySettings: true,
		},
	}
}
