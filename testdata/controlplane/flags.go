package main

import (
	"errors"
	"flag"
	"fmt"
	"path/filepath"

	"github.com/kube-node-manager/pod_count_exporter/testdata/controlplane/generate"
)

// config is what the command line says.
type config struct {
	dir          string
	port         int
	featureGates string
	spec         generate.Spec
}

func parseFlags(args []string) (config, error) {
	var cfg config
	set := flag.NewFlagSet("controlplane", flag.ContinueOnError)
	dir := set.String("dir", "", "folder for all state; one that holds a cluster is taken up again, and the counts below are then ignored")
	set.IntVar(&cfg.port, "port", 0, "port of the API server on 127.0.0.1; 0 takes a free one, and the same one again in the same folder")
	set.StringVar(&cfg.featureGates, "feature-gates", "", "feature gates of the API server, as in ListFromCacheSnapshot=false")
	set.Uint64Var(&cfg.spec.Seed, "seed", 1, "where the random choices of the cluster start")
	set.IntVar(&cfg.spec.Nodes, "nodes", 104, "nodes that exist")
	set.IntVar(&cfg.spec.Pods, "pods", 10000, "all pods, whatever their phase")
	set.IntVar(&cfg.spec.Images, "images", 10, "images that each node lists in its status")
	set.IntVar(&cfg.spec.Unscheduled, "unscheduled", generate.Drawn, "how many of the pods wait for a node; -1 lets the seed choose")
	set.IntVar(&cfg.spec.UnknownNode, "unknown-node", generate.Drawn, "how many of the pods are active on nodes that do not exist; -1 lets the seed choose")
	set.IntVar(&cfg.spec.Finished, "finished", generate.Drawn, "how many of the pods have succeeded or failed; -1 lets the seed choose")
	if err := set.Parse(args); err != nil {
		return config{}, err
	}
	if set.NArg() > 0 {
		return config{}, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	var err error
	cfg.dir, err = absolute(*dir)
	return cfg, err
}

// absolute makes the folder independent of the working directory, for the
// kubeconfig is used from elsewhere.
func absolute(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("--dir: a folder is needed")
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("--dir: %w", err)
	}
	return path, nil
}
