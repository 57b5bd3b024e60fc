package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// lackError says what a machine lacks to run a node.
type lackError struct{ lacks []string }

// Error lists everything, so that it can be mended at once.
func (e *lackError) Error() string {
	return "a node cannot run on this machine: " + strings.Join(e.lacks, "; ")
}

// pluginFolder is where Debian puts the network plugins, unless the folder of
// the programs has them.
func pluginFolder(bin string) string {
	if _, err := os.Stat(filepath.Join(bin, "bridge")); err == nil {
		return bin
	}
	return "/usr/lib/cni"
}

// check looks for everything that the start needs. A *lackError is what the
// machine lacks, any other error what the build has not made.
func check(ctx context.Context, cfg config) error {
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl", "etcd", "pause"} {
		if _, err := os.Stat(filepath.Join(cfg.bin, name)); err != nil {
			return fmt.Errorf("--bin: %w", err)
		}
	}
	lacks := missingPrograms(cfg)
	if os.Geteuid() != 0 {
		lacks = append(lacks, "not root")
	} else if err := tryInNamespaces(ctx, cfg); err != nil {
		lacks = append(lacks, err.Error())
	}
	if len(lacks) > 0 {
		return &lackError{lacks: lacks}
	}
	return nil
}

func missingPrograms(cfg config) (lacks []string) {
	programs := []struct{ name, debian string }{
		{"containerd", "containerd"}, {"containerd-shim-runc-v2", "containerd"}, {"ctr", "containerd"},
		{"runc", "runc"}, {"nft", "nftables"},
	}
	for _, p := range programs {
		if _, err := exec.LookPath(cfg.find(p.name)); err != nil {
			lacks = append(lacks, fmt.Sprintf("no %s (Debian's package %s)", p.name, p.debian))
		}
	}
	for _, name := range []string{"bridge", "host-local", "loopback"} {
		if _, err := os.Stat(filepath.Join(pluginFolder(cfg.bin), name)); err != nil {
			lacks = append(lacks, fmt.Sprintf("no network plugin %s (Debian's package containernetworking-plugins)", name))
		}
	}
	return lacks
}

// tryInNamespaces does what the start does first, in namespaces that are gone
// when it returns.
func tryInNamespaces(ctx context.Context, cfg config) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, cfg.args(modeTry)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: cloneFlags}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	var ended *exec.ExitError
	switch err := cmd.Run(); {
	case err == nil:
		return nil
	case errors.As(err, &ended):
		return errors.New(strings.TrimPrefix(strings.TrimSpace(stderr.String()), "onenode: "))
	default:
		return fmt.Errorf("no namespaces of its own: %w", err)
	}
}

// try sets up mounts and links, and lets containerd's and kube-proxy's kernel
// features show that they are there: layers of folders, and packet rules.
func try(cfg config) error {
	if err := setUpMounts(); err != nil {
		return err
	}
	if err := setUpNode(cfg); err != nil {
		return err
	}
	for _, dir := range []string{"try/lower", "try/upper", "try/work", "try/merged"} {
		if err := os.MkdirAll(cfg.path(dir), 0o700); err != nil {
			return fmt.Errorf("making folders: %w", err)
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", cfg.path("try/lower"), cfg.path("try/upper"), cfg.path("try/work"))
	if err := unix.Mount("overlay", cfg.path("try/merged"), "overlay", 0, options); err != nil {
		return fmt.Errorf("laying a layer in %s: %w", cfg.dir, err)
	}
	output, err := exec.Command("nft", "add", "table", "ip", "try").CombinedOutput() //nolint:noctx // ends at once
	if err != nil && !errors.Is(err, exec.ErrNotFound) {                             // then it is missing, and that is said
		return fmt.Errorf("making a table of packet rules: %w: %s", err, bytes.TrimSpace(output))
	}
	return nil
}
