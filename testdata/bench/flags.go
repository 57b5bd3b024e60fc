package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// config is what the command line says.
type config struct {
	controlplane string
	exporter     string
	plugin       string
	kubectl      string
	seed         uint64
	nodes        int
	pods         []int
	images       int
	runs         int
	counts       int
	settle       time.Duration
	scenario     string
	clusters     int
	duration     time.Duration
	gates        string // feature gates of the control plane
}

// Scenarios.
const (
	scenarioCounts    = "counts"
	scenarioNodes     = "nodes"
	scenarioIsolation = "isolation"
	scenarioFleet     = "fleet"
	scenarioGrowth    = "growth"
	scenarioPlugin    = "plugin"
	scenarioWatch     = "watch"
	scenarioHour      = "hour"
)

// defaults are those of a scenario, by flag, where they differ from the flags'
// own.
func defaults(scenario string) map[string]string {
	switch scenario {
	case scenarioNodes: // many nodes, each with the images that make up most of a real one
		return map[string]string{"nodes": "1000", "images": "40", "pods": "10000,100000"}
	case scenarioIsolation:
		return map[string]string{"nodes": "20", "pods": "1000", "clusters": "40", "for": "2m"}
	case scenarioFleet: // more than one cache TTL
		return map[string]string{"nodes": "100", "clusters": "500", "for": "7m"}
	case scenarioGrowth: // as many pods as make the page size matter
		return map[string]string{"pods": "100000", "runs": "20", "settle": "500ms"}
	case scenarioPlugin:
		return map[string]string{"pods": "15000"}
	case scenarioWatch: // the same nodes each time: memory is to follow them
		return map[string]string{"nodes": "1000", "pods": "10000,100000,1000000"}
	case scenarioHour: // as long as makes noise small beside what is measured
		return map[string]string{"for": "3m", "runs": "3"}
	default:
		return nil
	}
}

func parseFlags(args []string) (config, error) {
	var cfg config
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.StringVar(&cfg.controlplane, "controlplane", "", "the control plane's binary")
	set.StringVar(&cfg.exporter, "exporter", "", "the exporter's binary")
	set.StringVar(&cfg.plugin, "plugin", "", "the kubectl plugin's binary, for the scenario plugin")
	set.StringVar(&cfg.kubectl, "kubectl", "", "kubectl's binary, for the scenario plugin")
	set.Uint64Var(&cfg.seed, "seed", 1, "where the random choices of the cluster start")
	set.IntVar(&cfg.nodes, "nodes", 104, "nodes of the cluster")
	set.IntVar(&cfg.images, "images", 10, "images that each node lists")
	pods := set.String("pods", "10000", "pods of the cluster; several numbers with commas make several clusters")
	set.IntVar(&cfg.runs, "runs", 5, "processes that are measured of each contender")
	set.IntVar(&cfg.counts, "counts", 5, "counts that each process makes")
	set.DurationVar(&cfg.settle, "settle", 2*time.Second, "rest before each process is measured")
	set.StringVar(&cfg.scenario, "scenario", scenarioCounts, "counts: the contenders on a real control plane; nodes: the exporter's node pages against its pod pages; isolation: good clusters among bad ones; fleet: very many clusters; growth: first counts of fresh exporters against fixed page sizes; plugin: the kubectl plugin against kubectl get pods; watch: the exporter that follows a simulated cluster beside informers; hour: what both modes cost the API server in an hour of ordinary changes. The defaults of the other flags follow it")
	set.IntVar(&cfg.clusters, "clusters", 1, "simulated clusters that are well, in the scenarios isolation and fleet")
	set.DurationVar(&cfg.duration, "for", time.Minute, "how long to watch the exporter, in the scenarios isolation (at each level) and fleet; how long an hour takes, in the scenario hour")
	if err := set.Parse(args); err != nil {
		return config{}, err
	}
	if set.NArg() > 0 {
		return config{}, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	if err := adopt(set, defaults(cfg.scenario)); err != nil {
		return config{}, err
	}
	var err error
	if cfg.pods, err = numbers(*pods); err != nil {
		return config{}, fmt.Errorf("-pods: %w", err)
	}
	return cfg, cfg.validate()
}

// adopt sets the flags that the command line has left alone.
func adopt(set *flag.FlagSet, values map[string]string) error {
	given := map[string]bool{}
	set.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, value := range values {
		if given[name] {
			continue
		}
		if err := set.Set(name, value); err != nil {
			return fmt.Errorf("-%s: %w", name, err)
		}
	}
	return nil
}

func (c *config) validate() error {
	simulated := false
	switch c.scenario {
	case scenarioCounts, scenarioNodes, scenarioGrowth, scenarioPlugin, scenarioHour:
	case scenarioIsolation, scenarioFleet, scenarioWatch:
		simulated = true
	default:
		return fmt.Errorf("-scenario: there is no %q: %s", c.scenario, strings.Join([]string{scenarioCounts, scenarioNodes, scenarioIsolation, scenarioFleet, scenarioGrowth, scenarioPlugin, scenarioWatch, scenarioHour}, ", "))
	}
	switch {
	case c.controlplane == "" && !simulated:
		return errors.New("-controlplane: a binary is needed")
	case simulated && c.scenario != scenarioWatch && len(c.pods) != 1:
		return errors.New("-pods: one number is needed, for each of the clusters")
	case c.clusters < 1:
		return fmt.Errorf("-clusters: %d is not a positive number", c.clusters)
	case c.duration <= 0:
		return fmt.Errorf("-for: %s is not a positive duration", c.duration)
	case c.scenario == scenarioPlugin:
		return c.validatePlugin()
	case c.exporter == "":
		return errors.New("-exporter: a binary is needed")
	}
	return c.validateNumbers()
}

func (c *config) validatePlugin() error {
	switch {
	case c.plugin == "":
		return errors.New("-plugin: a binary is needed")
	case c.kubectl == "":
		return errors.New("-kubectl: a binary is needed")
	}
	return c.validateNumbers()
}

func (c *config) validateNumbers() error {
	switch {
	case c.nodes < 1:
		return fmt.Errorf("-nodes: %d is not a positive number", c.nodes)
	case c.runs < 1:
		return fmt.Errorf("-runs: %d is not a positive number", c.runs)
	case c.counts < 1:
		return fmt.Errorf("-counts: %d is not a positive number", c.counts)
	}
	return nil
}

func numbers(list string) ([]int, error) {
	var all []int
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a positive number", text)
		}
		all = append(all, n)
	}
	return all, nil
}
