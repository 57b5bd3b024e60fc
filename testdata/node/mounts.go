package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// setUpMounts cuts the mounts off from the machine's, and shows the processes
// of this namespace in /proc.
func setUpMounts() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	return nil
}

// sysctls are those that the kubelet sets and that the kernel keeps once for the
// whole machine, with the values that it wants.
func sysctls() map[string]string {
	return map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	}
}

// hideSysctls lays files over the machine's own settings.
func hideSysctls(dir string) error {
	for name, value := range sysctls() {
		file := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			return fmt.Errorf("standing in for %s: %w", name, err)
		}
		err := unix.Mount(file, filepath.Join("/proc/sys", name), "", unix.MS_BIND, "")
		if err != nil {
			return fmt.Errorf("standing in for %s: %w", name, err)
		}
	}
	return nil
}

// hideFolders keeps what kubelet, containerd and the network plugins write to
// folders that no flag of theirs can change: it goes to a layer in memory.
func hideFolders(scratch string) error {
	if err := unix.Mount("tmpfs", scratch, "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mounting a layer in memory: %w", err)
	}
	for _, folder := range []string{"/run", "/var/lib", "/var/log"} {
		layer := filepath.Join(scratch, filepath.Base(folder))
		upper, work := filepath.Join(layer, "upper"), filepath.Join(layer, "work")
		for _, dir := range []string{upper, work} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return fmt.Errorf("making a layer: %w", err)
			}
		}
		options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", folder, upper, work)
		if err := unix.Mount("overlay", folder, "overlay", 0, options); err != nil {
			return fmt.Errorf("laying a layer over %s: %w", folder, err)
		}
	}
	return nil
}

// The network of node and pods. Nothing outside of the namespace reaches it.
const (
	nodeName   = "node0"
	nodeIP     = "10.244.77.1"
	podCIDR    = "10.244.77.0/24"
	serviceNet = "10.96.0.0/16"
)

// setUpNetwork makes the bridge of the pods, whose address is the node's.
func setUpNetwork() error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("finding the loopback: %w", err)
	}
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: nodeName}}
	if err := netlink.LinkAdd(bridge); err != nil {
		return fmt.Errorf("making the bridge: %w", err)
	}
	address, err := netlink.ParseAddr(nodeIP + "/24")
	if err != nil {
		return fmt.Errorf("the node's address: %w", err)
	}
	if err := netlink.AddrAdd(bridge, address); err != nil {
		return fmt.Errorf("giving the bridge its address: %w", err)
	}
	for _, link := range []netlink.Link{loopback, bridge} {
		if err := netlink.LinkSetUp(link); err != nil {
			return fmt.Errorf("setting up %s: %w", link.Attrs().Name, err)
		}
	}
	return nil
}
