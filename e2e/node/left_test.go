//go:build e2e

package node

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// leftBehind says what a cluster has left on the machine: what is there now and was
// not there before.
func leftBehind(before, now map[string]bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(now)), func(thing string) bool { return before[thing] })
}

// traces are the things on the machine that are the cluster's, or of the kinds that one
// makes or changes. The name is that of the cluster's folder; links are the network
// interfaces that were seen inside of it.
func traces(name string, links []string) map[string]bool {
	all := map[string]bool{}
	for _, found := range [][]string{processes("/proc", name), mounts(), present(links), kernelSettings(), folders()} {
		for _, thing := range found {
			all[thing] = true
		}
	}
	return all
}

// processes are those that the cluster's name gives away, whatever program they run:
// containerd and its shims by their arguments, what onenode starts by its environment
// too, and a container's by its cgroup. A containerd of someone else has none of these.
func processes(proc, name string) (all []string) {
	folders, _ := filepath.Glob(filepath.Join(proc, "[0-9]*")) // the pattern is valid
	for _, folder := range folders {
		for _, file := range []string{"cmdline", "environ", "cgroup"} {
			text, err := os.ReadFile(filepath.Join(folder, file)) // it may have ended
			if err == nil && bytes.Contains(text, []byte(name)) {
				program, _ := os.ReadFile(filepath.Join(folder, "comm")) // likewise
				all = append(all, fmt.Sprintf("process %s, %s", filepath.Base(folder), bytes.TrimSpace(program)))
				break
			}
		}
	}
	return all
}

// mounts are those that kubelet, containerd and the cluster make.
func mounts() (all []string) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return []string{err.Error()}
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		for _, of := range []string{"onenode", "kubelet", "containerd", "/run/netns", "/proc/sys"} {
			if len(fields) > 4 && strings.Contains(fields[4], of) {
				all = append(all, "mount "+fields[4])
			}
		}
	}
	return all
}

// interfaces are the names of the network interfaces of this namespace, but the loopback.
// The network plugins name a pod's end by chance, so a name says whose it is.
func interfaces() (names []string, err error) {
	all, err := net.Interfaces()
	for _, link := range all {
		if link.Flags&net.FlagLoopback == 0 {
			names = append(names, link.Name)
		}
	}
	return names, err
}

// recordLinks writes the interfaces that are there when the tests inside the cluster
// end: the bridge, and a veth link for each pod that runs.
func recordLinks(path string) error {
	names, err := interfaces()
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(strings.Join(names, "\n")), 0o600)
}

// present are those of the links that this namespace has.
func present(links []string) (all []string) {
	names, err := interfaces()
	if err != nil {
		return []string{err.Error()}
	}
	for _, name := range names {
		if slices.Contains(links, name) {
			all = append(all, "link "+name)
		}
	}
	return all
}

// kernelSettings are those that kubelet, kube-proxy and the network plugins write, with
// their values.
func kernelSettings() (all []string) {
	for _, name := range strings.Fields(`vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys
		kernel/keys/root_maxbytes net/ipv4/ip_forward net/ipv4/conf/all/route_localnet net/ipv4/conf/all/arp_ignore
		net/netfilter/nf_conntrack_max net/netfilter/nf_conntrack_tcp_timeout_established net/bridge/bridge-nf-call-iptables`) {
		if value, err := os.ReadFile("/proc/sys/" + name); err == nil { // some are there with a module only
			all = append(all, "setting "+name+" = "+strings.TrimSpace(string(value)))
		}
	}
	return all
}

// folders are the cluster's state, and the cgroups of its pods.
func folders() (all []string) {
	for _, pattern := range []string{
		filepath.Join(os.TempDir(), "onenode*"), "/sys/fs/cgroup/pod-count-node-*", "/sys/fs/cgroup/*/pod-count-node-*",
		"/var/lib/kubelet*", "/var/lib/cni*", "/run/flannel*", "/var/log/pods*", "/var/log/containers*",
	} {
		found, _ := filepath.Glob(pattern) // the patterns are valid
		for _, path := range found {
			all = append(all, "folder "+path)
		}
	}
	return all
}
