package scenario

import (
	"fmt"
	"time"
)

// target is an exporter of two clusters.
func target(instance string, clusters ...*cluster) *exporter {
	return &exporter{instance: instance, clusters: clusters}
}

const (
	downEast = `PodCountExporterDown{cluster="east"}`
	downWest = `PodCountExporterDown{cluster="west"}`
	// downAll has no cluster: none is known.
	downAll = `PodCountExporterDown`
)

// every asks for the same alerts from a time to another.
func every(from, to, step time.Duration, firing ...string) []want {
	var wants []want
	for t := from; t <= to; t += step {
		wants = append(wants, at(t, firing...))
	}
	return wants
}

// exporters are the scenarios in which exporters go and come.
func exporters() []scenario {
	return []scenario{
		{
			name: "the exporter is down for six hours",
			world: func(v env) *world {
				e := target("a:10120", roomy("east"), roomy("west"))
				e.down = []span{{hour, 7 * hour}}
				return &world{env: v, exporters: []*exporter{e}}
			},
			wants: func(v env) []want {
				wants := append([]want{at(59 * minute)}, every(hour+11*minute, 7*hour-v.scrape, 30*minute, downEast, downWest)...)
				return append(wants, at(7*hour-v.scrape, downEast, downWest), at(7*hour+v.scrape+20*minute))
			},
			anySettings: true,
		},
		{
			name: "the only exporter is taken out of the scrape configuration for three hours",
			world: func(v env) *world {
				e := target("a:10120", roomy("east"))
				e.gone = []span{{hour, 4 * hour}}
				return &world{env: v, exporters: []*exporter{e}}
			},
			wants: func(v env) []want {
				return append(every(hour+11*minute, 4*hour-v.scrape, 30*minute, downEast), at(4*hour+v.scrape+20*minute))
			},
			anySettings: true,
		},
		{
			name: "one of two exporters is down for three hours, and the one of a pair",
			world: func(v env) *world {
				shared := roomy("shared")
				a, b := target("a:10120", roomy("east"), shared), target("b:10120", roomy("west"), shared)
				a.down = []span{{hour, 4 * hour}}
				return &world{env: v, exporters: []*exporter{a, b}}
			},
			wants: func(v env) []want {
				return append(every(hour+11*minute, 4*hour-v.scrape, 30*minute, downEast), at(4*hour+v.scrape+20*minute))
			},
			anySettings: true,
		},
	}
}

// leaving are the scenarios in which there is no target.
func leaving() []scenario {
	return []scenario{
		{
			name: "one of two exporters leaves the scrape configuration, and nothing takes its place",
			world: func(v env) *world {
				a, b := target("a:10120", roomy("east")), target("b:10120", roomy("west"))
				a.gone = []span{{2 * hour, forever}}
				return &world{env: v, exporters: []*exporter{a, b}}
			},
			wants: func(v env) []want {
				// Whoever took the exporter away for good does not want to be told for
				// ever.
				return append(every(2*hour+11*minute, 2*hour+44*minute, 3*minute, downEast), at(3*hour+10*minute+v.scrape))
			},
			anySettings: true,
		},
		{
			name:  "there never was an exporter",
			world: func(v env) *world { return &world{env: v} },
			wants: func(env) []want {
				return append([]want{at(9 * minute)}, every(11*minute, 90*minute, 20*minute, downAll)...)
			},
			anySettings: true,
		},
		{
			name: "its job has another name",
			world: func(v env) *world {
				e := target("a:10120", roomy("east"))
				e.job = "counts"
				return &world{env: v, exporters: []*exporter{e}}
			},
			wants:       func(env) []want { return every(11*minute, 90*minute, 20*minute, downAll) },
			anySettings: true,
		},
		{
			name: "it is down from the first scrape on",
			world: func(v env) *world {
				e := target("a:10120", roomy("east"))
				e.down = []span{{0, forever}}
				return &world{env: v, exporters: []*exporter{e}}
			},
			wants:       func(env) []want { return every(11*minute, 90*minute, 20*minute, downAll) },
			anySettings: true,
		},
	}
}

// taken are the scenarios in which clusters are taken out, or not taken up.
func taken() []scenario {
	return []scenario{
		outOnPurpose("one target", false, false),
		outOnPurpose("targets from /sd", true, false),
		outOnPurpose("pods with new names", false, true),
		{
			name: "shard 2 of 3 never starts",
			world: func(v env) *world {
				w := &world{env: v}
				for i := range 2 {
					e := target(fmt.Sprintf("shard-%d", i), roomy(fmt.Sprint("cluster-", i)))
					e.shard, e.shards = i, 3
					w.exporters = append(w.exporters, e)
				}
				return w
			},
			wants: func(env) []want {
				return append([]want{at(14 * minute)}, every(16*minute, 2*hour, 20*minute, `PodCountShardMissing{shards="3"}`)...)
			},
			anySettings: true,
		},
		{
			name: "all three shards, each a pair",
			world: func(v env) *world {
				w := &world{env: v}
				for i := range 6 {
					e := target(fmt.Sprintf("shard-%d", i), roomy(fmt.Sprint("cluster-", i%3)))
					e.shard, e.shards = i%3, 3
					w.exporters = append(w.exporters, e)
				}
				return w
			},
			wants:       func(env) []want { return every(0, hour, 10*minute) },
			anySettings: true,
		},
	}
}

// unwell are the scenarios of exporters that run and are not well.
func unwell() []scenario {
	return []scenario{
		{
			name: "a crash loop, and an exporter that was updated twice",
			world: func(v env) *world {
				a, b := target("a:10120", roomy("east")), target("b:10120", roomy("west"))
				for t := hour; t <= 2*hour; t += 6 * minute {
					a.starts = append(a.starts, t)
				}
				b.starts = []time.Duration{hour, hour + 10*minute}
				return &world{env: v, exporters: []*exporter{a, b}}
			},
			wants: func(v env) []want {
				wants := append([]want{at(hour + 10*minute)}, every(hour+25*minute, 2*hour, 5*minute, `PodCountExporterRestarting`)...)
				return append(wants, at(2*hour+12*v.scrape+40*minute))
			},
			anySettings: true,
		},
		{
			name: "configuration that cannot be read, and contexts that cannot be used",
			world: func(v env) *world {
				a, b := target("a:10120", roomy("east")), target("b:10120", roomy("west"))
				a.noReload = []span{{hour, 2 * hour}}
				b.invalid = 1
				return &world{env: v, exporters: []*exporter{a, b}}
			},
			wants: func(v env) []want {
				return []want{
					at(9 * minute), at(hour, "PodCountConfigInvalid"),
					at(hour+11*minute+v.scrape, "PodCountConfigInvalid", "PodCountConfigReloadFailed"), at(2*hour+v.scrape, "PodCountConfigInvalid"),
				}
			},
			anySettings: true,
		},
	}
}

// outOnPurpose has a cluster leave the kubeconfig; the exporter goes on, or its
// pods are replaced at the same time.
func outOnPurpose(how string, sd, replaced bool) scenario {
	return scenario{
		name: "a cluster is taken out of the kubeconfig on purpose: " + how,
		world: func(v env) *world {
			east, west := roomy("east"), roomy("west")
			east.out = []span{{2 * hour, forever}}
			a := target("a:10120", east, west)
			a.sd = sd
			w := &world{env: v, exporters: []*exporter{a}}
			if replaced {
				b := target("b:10120", east, west)
				a.gone = []span{{2 * hour, forever}}
				b.gone = []span{{0, 2 * hour}}
				w.exporters = append(w.exporters, b)
			}
			return w
		},
		wants:       func(env) []want { return every(hour+40*minute, 3*hour+10*minute, 7*minute) },
		anySettings: true,
	}
}
