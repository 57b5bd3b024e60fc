package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// startLimit is for machines with other things to do; a start takes seconds.
const startLimit = 3 * time.Minute

// startCluster returns when the node is Ready.
func startCluster(ctx context.Context, cfg config) error {
	start := func(name string, args ...string) { go keepRunning(ctx, cfg, name, args) }
	start("containerd", "-c", cfg.path(fileContainerd))
	start("etcd", etcdArgs(cfg)...)
	if err := await(ctx, "containerd", listens("unix", cfg.path(fileSocket))); err != nil {
		return err
	}
	images := append([]string{pauseImage + "=" + filepath.Join(cfg.bin, "pause")}, cfg.images...)
	if err := importImages(ctx, cfg, images...); err != nil {
		return err
	}
	if err := await(ctx, "etcd", listens("tcp", "127.0.0.1:2379")); err != nil {
		return err
	}
	start("kube-apiserver", apiServerArgs(cfg)...)
	if err := await(ctx, "kube-apiserver", func(context.Context) bool { return extractCA(cfg) == nil }); err != nil {
		return err
	}
	if err := await(ctx, "kube-apiserver", kubectl(cfg, "get", "--raw=/readyz")); err != nil {
		return err
	}
	start("kube-controller-manager", controllerArgs(cfg)...)
	start("kube-scheduler", "--kubeconfig="+cfg.kubeconfig("scheduler"), "--leader-elect=false", "--secure-port=0")
	start("kubelet", kubeletArgs(cfg)...)
	start("kube-proxy", proxyArgs(cfg)...)
	return await(ctx, "the node", kubectl(cfg, "wait", "--for=condition=Ready", "node/"+nodeName, "--timeout=1s"))
}

// keepRunning starts a program again whenever it ends, as an init system would:
// a test may kill it by the number in NAME.pid.
func keepRunning(ctx context.Context, cfg config, name string, args []string) {
	log, err := os.OpenFile(cfg.path(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return // the start is waited for, and its failure told
	}
	defer func() { _ = log.Close() }()
	for ctx.Err() == nil {
		cmd := exec.Command(cfg.find(name), args...) //nolint:noctx // it ends with the namespace, after everything that needs it
		cmd.Env = append(environment(cfg), "TMPDIR="+cfg.path("tmp"))
		cmd.Stdout, cmd.Stderr = log, log
		if err = cmd.Start(); err == nil {
			_ = os.WriteFile(cfg.path(name+".pid"), fmt.Append(nil, cmd.Process.Pid), 0o600)
			err = cmd.Wait()
		}
		_, _ = fmt.Fprintf(log, "onenode: %s ended: %v\n", name, err)
		pause(ctx, 500*time.Millisecond)
	}
}

// find prefers the programs built here to those that are installed.
func (c config) find(name string) string {
	path := filepath.Join(c.bin, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	return name
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// await asks until the answer is yes.
func await(ctx context.Context, what string, yes func(context.Context) bool) error {
	for deadline := time.Now().Add(startLimit); !yes(ctx); pause(ctx, 100*time.Millisecond) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not ready after %s", what, startLimit)
		}
	}
	return nil
}

func listens(network, address string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}
}

func kubectl(cfg config, args ...string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		cmd := exec.CommandContext(ctx, cfg.find("kubectl"), args...)
		cmd.Env = environment(cfg)
		return cmd.Run() == nil
	}
}

// extractCA finds the authority that the API server has made for itself: it is
// the second certificate in the file with its own.
func extractCA(cfg config) error {
	data, err := os.ReadFile(cfg.path("pki/apiserver.crt"))
	if err != nil {
		return err
	}
	const begin = "-----BEGIN CERTIFICATE-----"
	parts := strings.SplitAfterN(string(data), begin, 3)
	if len(parts) < 3 {
		return fmt.Errorf("no authority in %s", cfg.path("pki/apiserver.crt"))
	}
	return os.WriteFile(cfg.path(fileCA), []byte(begin+parts[2]), 0o600)
}
