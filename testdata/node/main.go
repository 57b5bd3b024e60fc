// Command onenode runs a real Kubernetes cluster of one node: kubelet, containerd,
// scheduler, controller-manager and kube-proxy beside kube-apiserver and etcd.
//
//	onenode [--bin DIR] [--dir DIR] [--image NAME:TAG=PROGRAM]... [-- COMMAND ARGS...]
//
// It starts the cluster, gives each image to its containerd, and runs the command
// inside of it, with KUBECONFIG set; when the command ends, so does the cluster,
// with the command's exit code. Without a command it stays until a signal. An image
// is one static program, packed FROM scratch. What this machine lacks to run a node
// is said on standard error, with exit code 3.
//
// All of it lives in namespaces of its own, for processes, mounts and network:
// they end with the first process in them, and with them every process, mount,
// link, rule and address. What the kernel does not namespace is kept out of
// reach: the sysctls that the kubelet writes are files over the real ones, and
// its cgroups have a parent of their own. So two clusters can run side by side,
// and a killed one leaves nothing running.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// exitLacking is the exit code when the machine cannot run a node.
const exitLacking = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	var ended *exec.ExitError
	var lacks *lackError
	switch {
	case err == nil:
	case errors.As(err, &ended) && ended.ExitCode() > 0:
		os.Exit(ended.ExitCode())
	case errors.As(err, &lacks):
		_, _ = fmt.Fprintln(os.Stderr, "onenode:", err)
		os.Exit(exitLacking)
	default:
		_, _ = fmt.Fprintln(os.Stderr, "onenode:", err)
		os.Exit(1)
	}
}

// config is what the outer process knows and the inner ones are told.
type config struct {
	bin     string   // folder of the programs
	dir     string   // folder of all state, removed at the end
	cgroup  string   // name of the parent of all cgroups of pods
	images  []string // NAME:TAG=PROGRAM
	command []string
}

// Modes of this program when it starts itself: the first process in the
// namespaces, its only child, and a trial of what these do first.
const (
	modeInit   = "init"
	modeInside = "inside"
	modeTry    = "try"
)

func run(ctx context.Context, args []string) error {
	mode := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		mode, args = args[0], args[1:]
	}
	cfg, err := parse(args)
	if err != nil {
		return err
	}
	switch mode {
	case "":
		return runOutside(ctx, cfg)
	case modeInit:
		return runInit(args)
	case modeInside:
		return runInside(ctx, cfg)
	case modeTry:
		return try(cfg)
	}
	return fmt.Errorf("unexpected %q: a command goes behind --", mode)
}

func parse(args []string) (config, error) {
	var cfg config
	set := flag.NewFlagSet("onenode", flag.ContinueOnError)
	set.StringVar(&cfg.bin, "bin", "bin/node", "folder of the cluster's programs")
	set.StringVar(&cfg.dir, "dir", "", "new folder for all state; a temporary one when empty")
	set.StringVar(&cfg.cgroup, "cgroup", "", "name of the cgroup of all pods; for the inner processes")
	set.Func("image", "image for the node, as NAME:TAG=PROGRAM; repeatable", func(value string) error {
		cfg.images = append(cfg.images, value)
		return nil
	})
	if err := set.Parse(args); err != nil {
		return config{}, err
	}
	cfg.command = set.Args()
	for _, dir := range []*string{&cfg.bin, &cfg.dir} {
		if *dir == "" {
			continue
		}
		path, err := filepath.Abs(*dir)
		if err != nil {
			return config{}, fmt.Errorf("finding %s: %w", *dir, err)
		}
		*dir = path
	}
	return cfg, nil
}

// args hands the configuration on to a process of another mode.
func (c config) args(mode string) []string {
	args := []string{mode, "--bin=" + c.bin, "--dir=" + c.dir, "--cgroup=" + c.cgroup}
	for _, image := range c.images {
		args = append(args, "--image="+image)
	}
	return append(append(args, "--"), c.command...)
}

func (c config) path(name string) string { return filepath.Join(c.dir, name) }
