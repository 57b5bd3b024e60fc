// Command node runs a real Kubernetes cluster of one node: kubelet, containerd,
// scheduler, controller-manager and kube-proxy beside kube-apiserver and etcd.
//
//	node run --bin DIR [--dir DIR] [-- COMMAND ARGS...]
//	node check --bin DIR
//	node image --bin DIR --dir DIR NAME:TAG PROGRAM
//
// "run" starts the cluster, then the command inside of it, with KUBECONFIG set;
// when the command ends, so does the cluster, with the command's exit code.
// Without a command it stays until a signal. "check" says on standard error what
// this machine lacks, with exit code 3. "image" packs one static program FROM
// scratch, and hands the image to the cluster's containerd.
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
		_, _ = fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(exitLacking)
	default:
		_, _ = fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}

// config is what the command line says.
type config struct {
	bin     string // folder of the programs that make build-node writes
	dir     string // folder for all state, removed at the end
	cgroup  string // name of the parent of all cgroups of pods
	command []string
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("want run, check or image")
	}
	cfg, err := parse(args[0], args[1:])
	if err != nil {
		return err
	}
	switch args[0] {
	case "check":
		return check(cfg.bin)
	case "run":
		return runOutside(ctx, cfg)
	case "image":
		return importImage(ctx, cfg)
	case "init": // the first process in the namespaces
		return runInit(args[1:])
	case "inside": // its only child
		return runInside(ctx, cfg)
	}
	return fmt.Errorf("unknown %q, want run, check or image", args[0])
}

func parse(mode string, args []string) (config, error) {
	var cfg config
	set := flag.NewFlagSet("node "+mode, flag.ContinueOnError)
	set.StringVar(&cfg.bin, "bin", "bin/node", "folder of the cluster's programs")
	set.StringVar(&cfg.dir, "dir", "", "folder for all state; a temporary one when empty")
	set.StringVar(&cfg.cgroup, "cgroup", "", "name of the cgroup of all pods; for the inner processes")
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

func (c config) path(name string) string { return filepath.Join(c.dir, name) }
