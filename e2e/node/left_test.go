//go:build e2e

package node

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// leftBehind says what a cluster has left on the machine: what is there now of the
// kinds that one makes, and was not there before.
func leftBehind(before, now map[string]bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(now)), func(thing string) bool { return before[thing] })
}

// traces are the things on the machine of the kinds that a cluster makes, or changes.
func traces(bin string) map[string]bool {
	all := map[string]bool{}
	for _, found := range [][]string{processes(bin), mounts(), links(), kernelSettings(), folders()} {
		for _, thing := range found {
			all[thing] = true
		}
	}
	return all
}

// processes are those of the cluster's programs.
func processes(bin string) (all []string) {
	paths, _ := filepath.Glob("/proc/[0-9]*/exe") // the pattern is valid
	for _, path := range paths {
		program, err := os.Readlink(path)
		if err == nil && (strings.HasPrefix(program, filepath.Join(bin, "node")+"/") || strings.HasSuffix(program, "/onenode")) {
			all = append(all, fmt.Sprint("process ", filepath.Base(filepath.Dir(path)), " of ", program))
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

// links are network interfaces of a node, its pods and kube-proxy.
func links() (all []string) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return []string{err.Error()}
	}
	for _, link := range interfaces {
		for _, of := range []string{"node", "cni", "kube"} {
			if strings.HasPrefix(link.Name, of) {
				all = append(all, "link "+link.Name)
			}
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
