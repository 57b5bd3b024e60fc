package scenario

import "time"

// failing is the cluster east, whose counts fail for a reason within the spans.
func failing(reason string, spans ...span) *cluster {
	c := roomy("east")
	c.faults = map[string][]span{reason: spans}
	return c
}

const (
	timeout  = `KubernetesAPITimeout{cluster="east"}`
	failures = `PodCountPageFailures{cluster="east"}`
	ending   = `PodCountFailing{cluster="east"}`
	denied   = `PodCountAccessDenied{cluster="east"}`
	stale    = `PodCountStale{cluster="east"}`
)

// counts are the scenarios in which API servers answer badly or not at all.
func counts() []scenario {
	return []scenario{
		{
			name:        "nothing is wrong",
			world:       func(v env) *world { return alone(v, roomy("east"), roomy("west")) },
			wants:       func(v env) []want { return every(0, 2*v.begin()+hour, 5*minute) },
			anySettings: true,
		},
		{
			name: "two timeouts nine minutes apart among healthy counts",
			world: func(v env) *world {
				east := roomy("east")
				// Two counts in a row, where they are further apart.
				east.slowAt = []time.Duration{v.begin(), v.begin() + max(9*minute, v.ttl)}
				return alone(v, east)
			},
			wants:       func(v env) []want { return every(v.begin(), v.begin()+4*v.window(), 4*minute) },
			anySettings: true,
		},
	}
}

// late are the scenarios in which pages do not arrive in time.
func late() []scenario {
	return []scenario{
		{
			name: "counts keep failing, since no page arrives in time",
			world: func(v env) *world {
				return alone(v, failing("timeout", span{v.begin(), forever}), roomy("west"))
			},
			wants: func(v env) []want {
				lateness := v.ttl + v.scrape
				return []want{
					at(v.begin() + 14*minute),
					{
						at: v.begin() + lateness + 17*minute, expr: `group by (alertname, cluster) (ALERTS{alertstate="firing",alertname=~"KubernetesAPITimeout|PodCountPageFailures"})`,
						values: []value{{`{alertname="KubernetesAPITimeout", cluster="east"}`, 1}, {`{alertname="PodCountPageFailures", cluster="east"}`, 1}},
					},
					at(v.begin()+3*v.window()+2*v.scrape+v.ttl+40*minute, timeout, failures, ending, stale),
				}
			},
			anySettings: true,
		},
		{
			name: "each count has a page that is late, and succeeds",
			world: func(v env) *world {
				east := roomy("east")
				east.slow = []span{{v.begin(), v.begin() + 2*hour + 3*v.window()}}
				return alone(v, east, roomy("west"))
			},
			wants: func(v env) []want {
				from := v.begin() + v.ttl + 2*v.window() + 2*v.scrape + 16*minute
				to := v.begin() + 2*hour + 3*v.window()
				return []want{
					at(v.begin() + 2*v.window()), at(from, timeout, failures), at(to, timeout, failures),
					at(to + 2*v.window() + 10*minute),
				}
			},
		},
	}
}

// refused are the scenarios in which credentials are.
func refused() []scenario {
	return []scenario{
		{
			name: "one token expires",
			world: func(v env) *world {
				return alone(v, failing("unauthorized", span{v.begin(), forever}), roomy("west"))
			},
			wants: func(v env) []want {
				return []want{
					at(v.begin() + 9*minute), {
						at: v.begin() + v.ttl + 2*v.scrape + 12*minute, expr: `group by (alertname) (ALERTS{alertstate="firing",alertname="PodCountAccessDenied"})`,
						values: []value{{`{alertname="PodCountAccessDenied"}`, 1}},
					},
					at(v.begin()+3*v.window()+2*v.scrape+v.ttl+40*minute, denied, stale, failures, ending),
				}
			},
			anySettings: true,
		},
		{
			name: "credentials were refused for five minutes",
			world: func(v env) *world {
				return alone(v, failing("unauthorized", span{v.begin(), v.begin() + 5*minute}))
			},
			wants: func(v env) []want {
				return every(v.begin()+v.ttl+v.scrape+15*minute, v.begin()+v.ttl+2*v.window(), 4*minute)
			},
		},
	}
}

// old are the scenarios in which the numbers are.
func old() []scenario {
	return []scenario{
		{
			name:        "the exporter restarts while a cluster is stale",
			world:       func(v env) *world { return staleAndRestarted(v, false) },
			wants:       goesOnForAnHour,
			anySettings: true,
		},
		{
			name:        "a pod with another name takes over while a cluster is stale",
			world:       func(v env) *world { return staleAndRestarted(v, true) },
			wants:       goesOnForAnHour,
			anySettings: true,
		},
		{
			name: "a cluster that is stale is taken out of the kubeconfig",
			world: func(v env) *world {
				east := failing("server", span{v.begin(), forever})
				east.out = []span{{v.begin() + 4*v.ttl + hour, forever}}
				return alone(v, east, roomy("west"))
			},
			wants: func(v env) []want {
				return []want{goesOn(v.begin() + 4*v.ttl + 59*minute), at(v.begin() + 4*v.ttl + hour + v.scrape + 7*minute + v.window())}
			},
			anySettings: true,
		},
	}
}

// first are the scenarios of counts that never succeed, or end in a fault.
func first() []scenario {
	return []scenario{
		{
			name:  "a cluster has never been counted",
			world: func(v env) *world { return alone(v, failing("server", span{0, forever})) },
			wants: func(env) []want {
				return []want{at(14 * minute), {
					at: 17 * minute, expr: `group by (alertname, cluster) (ALERTS{alertstate="firing",alertname=~"PodCountIncomplete|PodCountStale"})`,
					values: []value{{`{alertname="PodCountIncomplete", cluster="east"}`, 1}},
				}}
			},
			anySettings: true,
		},
		{
			name: "a fault of the exporter ends a count",
			world: func(v env) *world {
				east := roomy("east")
				east.panics = []span{{v.begin(), v.begin() + v.ttl}}
				return alone(v, east, roomy("west"))
			},
			wants: func(v env) []want {
				return []want{
					at(v.begin() - minute), at(v.begin()+v.ttl+v.scrape, `PodCountPanics{cluster="east"}`),
					at(v.begin() + v.ttl + v.window() + v.scrape + 7*minute),
				}
			},
		},
	}
}

// odd are the scenarios of counts that are complete, and not as they should be.
func odd() []scenario {
	return []scenario{
		{
			name: "all nodes of a cluster vanish",
			world: func(v env) *world {
				east := roomy("east")
				east.nodesGone = []span{{v.begin(), forever}}
				return alone(v, east, roomy("west"))
			},
			wants: func(v env) []want {
				gone := `PodCountNoNodes{cluster="east"}`
				return []want{at(v.begin() + 14*minute), at(v.begin()+v.ttl+v.scrape+16*minute, gone), at(v.begin()+3*hour, gone)}
			},
			anySettings: true,
		},
		{
			name: "counts that take most of the cache TTL, and some that do not",
			world: func(v env) *world {
				east, west := roomy("east"), roomy("west")
				east.takes, west.takes = 0.85*v.ttl.Seconds(), 0.75*v.ttl.Seconds()
				return alone(v, east, west)
			},
			wants: func(v env) []want { return []want{at(7*v.ttl+17*minute, `PodCountSlow{cluster="east"}`)} },
		},
		{
			name: "one count shows several moments, and later all of them do",
			world: func(v env) *world {
				east := roomy("east")
				east.mixed = []span{{v.begin(), v.begin() + v.ttl}, {3 * v.begin(), forever}}
				return alone(v, east)
			},
			wants: func(v env) []want {
				return append(every(v.begin(), 3*v.begin(), 7*minute), at(3*v.begin()+8*v.ttl+minute, `PodCountInconsistent{cluster="east"}`))
			},
		},
	}
}

// staleAndRestarted has a cluster that fails from the second hour on, and an
// exporter that starts anew when it is stale; another cluster is healthy.
func staleAndRestarted(v env, renamed bool) *world {
	east, west := failing("server", span{v.begin(), forever}), roomy("west")
	at := v.begin() + 3*v.ttl + v.window() + hour
	a := &exporter{instance: "a:10120", clusters: []*cluster{east, west}, down: []span{{at, at + minute}}}
	w := &world{env: v, exporters: []*exporter{a}}
	if renamed {
		a.down, a.gone = nil, []span{{at, forever}}
		w.exporters = append(w.exporters, &exporter{instance: "b:10120", clusters: []*cluster{east, west}, gone: []span{{0, at + minute}}})
	}
	return w
}

// goesOnForAnHour looks every two minutes, from when the restart is behind.
func goesOnForAnHour(v env) []want {
	from := v.begin() + 3*v.ttl + v.window() + 30*minute
	var wants []want
	for t := from; t < from+hour+v.window(); t += 2 * minute {
		wants = append(wants, goesOn(t))
	}
	return wants
}

// goesOn wants PodCountStale, and no PodCountExporterDown.
func goesOn(t time.Duration) want {
	return want{
		at: t, expr: `group by (alertname, cluster) (ALERTS{alertstate="firing",alertname=~"PodCountStale|PodCountExporterDown"})`,
		values: []value{{`{alertname="PodCountStale", cluster="east"}`, 1}},
	}
}
