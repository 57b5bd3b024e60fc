package main

import (
	"cmp"

	"github.com/prometheus/common/version"

	"github.com/kube-node-manager/pod_count_exporter/collector/page"
)

// about returns what the status page says about the program.
func about(f *flags) page.About {
	a := page.About{
		Program: program, Version: cmp.Or(version.Version, "unknown"), Build: version.Info() + " " + version.BuildContext(), Metrics: f.telemetryPath,
		Links: []page.Link{
			{Path: f.telemetryPath, Text: "Metrics", Hint: "for Prometheus"},
			{Path: apiPrefix + "v1/clusters", Text: "JSON", Hint: "the clusters and their state"},
			{Path: discoveryPath, Text: "Service discovery", Hint: "the clusters as targets of their own, for Prometheus"},
			{Path: managementPrefix + "healthy", Text: "Healthy", Hint: "whether the program runs"},
			{Path: managementPrefix + "ready", Text: "Ready", Hint: "whether it takes scrapes"},
		},
	}
	if f.pprof {
		a.Profiles = []page.Link{
			{Path: pprofPrefix, Text: "Profiles", Hint: "Go's profiles of this process"},
			{Path: pprofPrefix + "heap", Text: "Heap", Hint: "memory in use, to download"},
			{Path: pprofPrefix + "profile?seconds=60", Text: "CPU", Hint: "what one minute was spent on, to download"},
		}
	}
	return a
}
