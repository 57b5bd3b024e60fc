package main

import (
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
func check(bin string) error {
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl", "etcd", "pause"} {
		if _, err := os.Stat(filepath.Join(bin, name)); err != nil {
			return fmt.Errorf("--bin: %w", err)
		}
	}
	var lacks []string
	cfg := config{bin: bin}
	for name, debian := range map[string]string{"containerd": "containerd", "containerd-shim-runc-v2": "containerd", "ctr": "containerd", "runc": "runc", "nft": "nftables"} {
		if _, err := exec.LookPath(cfg.find(name)); err != nil {
			lacks = append(lacks, fmt.Sprintf("no %s (Debian's package %s)", name, debian))
		}
	}
	for _, name := range []string{"bridge", "host-local", "loopback"} {
		if _, err := os.Stat(filepath.Join(pluginFolder(bin), name)); err != nil {
			lacks = append(lacks, fmt.Sprintf("no network plugin %s (Debian's package containernetworking-plugins)", name))
		}
	}
	if os.Geteuid() != 0 {
		lacks = append(lacks, "not root")
	} else if err := tryNamespaces(); err != nil {
		lacks = append(lacks, fmt.Sprintf("no namespaces of its own: %v", err))
	}
	if roots, err := cgroupRoots(); err != nil || len(roots) == 0 {
		lacks = append(lacks, "no cgroups under "+cgroupMount)
	} else if err := unix.Access(roots[0], unix.W_OK); err != nil {
		lacks = append(lacks, fmt.Sprintf("no right to make cgroups: %v", err))
	}
	if len(lacks) > 0 {
		return &lackError{lacks: lacks}
	}
	return nil
}

// tryNamespaces has a program print nothing in namespaces like the node's.
func tryNamespaces() error {
	cmd := exec.Command("true") //nolint:noctx // ends at once
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET}
	return cmd.Run()
}
