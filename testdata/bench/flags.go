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
	seed         uint64
	nodes        int
	pods         []int
	images       int
	runs         int
	counts       int
	settle       time.Duration
	nodesSide    bool
}

// nodesSideDefaults are those of -nodes-side where they differ: many nodes, each
// with the images that make up most of a real one.
const (
	nodesSideNodes  = 1000
	nodesSideImages = 40
	nodesSidePods   = "10000,100000"
)

func parseFlags(args []string) (config, error) {
	var cfg config
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.StringVar(&cfg.controlplane, "controlplane", "", "the control plane's binary")
	set.StringVar(&cfg.exporter, "exporter", "", "the exporter's binary")
	set.Uint64Var(&cfg.seed, "seed", 1, "where the random choices of the cluster start")
	set.IntVar(&cfg.nodes, "nodes", 104, fmt.Sprintf("nodes of the cluster (%d with -nodes-side)", nodesSideNodes))
	set.IntVar(&cfg.images, "images", 10, fmt.Sprintf("images that each node lists (%d with -nodes-side)", nodesSideImages))
	pods := set.String("pods", "10000", "pods of the cluster; several numbers with commas make several clusters ("+nodesSidePods+" with -nodes-side)")
	set.IntVar(&cfg.runs, "runs", 5, "processes that are measured of each contender")
	set.IntVar(&cfg.counts, "counts", 5, "counts that each process makes")
	set.DurationVar(&cfg.settle, "settle", 2*time.Second, "rest before each process is measured")
	set.BoolVar(&cfg.nodesSide, "nodes-side", false, "compare the bytes of the exporter's node pages with those of its pod pages, and nothing else")
	if err := set.Parse(args); err != nil {
		return config{}, err
	}
	if set.NArg() > 0 {
		return config{}, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	if cfg.nodesSide {
		cfg.nodesSideDefaults(set, pods)
	}
	var err error
	if cfg.pods, err = numbers(*pods); err != nil {
		return config{}, fmt.Errorf("-pods: %w", err)
	}
	return cfg, cfg.validate()
}

// nodesSideDefaults leaves alone what was set on the command line.
func (c *config) nodesSideDefaults(set *flag.FlagSet, pods *string) {
	given := map[string]bool{}
	set.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["nodes"] {
		c.nodes = nodesSideNodes
	}
	if !given["images"] {
		c.images = nodesSideImages
	}
	if !given["pods"] {
		*pods = nodesSidePods
	}
}

func (c *config) validate() error {
	switch {
	case c.controlplane == "":
		return errors.New("-controlplane: a binary is needed")
	case c.exporter == "":
		return errors.New("-exporter: a binary is needed")
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
