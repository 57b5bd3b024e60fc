package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Files and folders in the state folder that others read.
const (
	fileAdmin  = "admin.kubeconfig"
	fileSocket = "containerd.sock"
)

// runInside starts everything in order and runs the command, if there is one.
// Nothing is stopped at the end: the namespace's end does that.
func runInside(ctx context.Context, cfg config) error {
	began := time.Now()
	if err := setUpNode(cfg); err != nil {
		return err
	}
	if err := writeConfigs(cfg); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := startCluster(ctx, cfg); err != nil {
		return fmt.Errorf("%w\n%s", err, logTails(cfg))
	}
	fmt.Printf("onenode: ready after %.1fs, kubeconfig %s\n", time.Since(began).Seconds(), cfg.path(fileAdmin))
	if len(cfg.command) == 0 {
		<-ctx.Done()
		return nil
	}
	return runCommand(ctx, cfg)
}

// setUpNode makes the folders, and what the programs may do to the machine's own
// settings, folders and network goes to stand-ins.
func setUpNode(cfg config) error {
	for _, dir := range []string{"sysctl", "scratch", "cni", "tmp", "run"} {
		if err := os.MkdirAll(cfg.path(dir), 0o700); err != nil {
			return fmt.Errorf("making folders: %w", err)
		}
	}
	return errors.Join(hideSysctls(cfg.path("sysctl")), hideFolders(cfg.path("scratch")), setUpNetwork())
}

func runCommand(ctx context.Context, cfg config) error {
	cmd := exec.CommandContext(ctx, cfg.command[0], cfg.command[1:]...)
	cmd.Env = environment(cfg)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	return cmd.Run()
}

// environment lets kubectl, ctr and this program find the cluster.
func environment(cfg config) []string {
	return append(os.Environ(),
		"PATH="+cfg.bin+":"+os.Getenv("PATH"),
		"KUBECONFIG="+cfg.path(fileAdmin),
		"CONTAINERD_ADDRESS="+cfg.path(fileSocket),
		"CONTAINERD_NAMESPACE=k8s.io",
		"NODE_DIR="+cfg.dir, "NODE_IP="+nodeIP, "NODE_NAME="+nodeName)
}

// logTails is the end of each program's log, for whoever reads why a start
// failed: the folder is gone by then.
func logTails(cfg config) string {
	var text string
	files, _ := filepath.Glob(cfg.path("*.log")) // the pattern is right
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		text += fmt.Sprintf("--- %s\n%s\n", filepath.Base(file), data[max(0, len(data)-2000):])
	}
	return text
}
