//go:build e2e

package node

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestProcesses has rests of a cluster in a /proc, and processes of others beside them.
func TestProcesses(t *testing.T) {
	const name = "onenodeQ7XWERTZUI"
	const shim = "/usr/bin/containerd-shim-runc-v2\x00-namespace\x00k8s.io\x00-id\x000123\x00-address\x00/%s/containerd.sock\x00"
	tests := []struct{ what, program, cmdline, environ, cgroup, want string }{
		{"containerd", "containerd", "containerd\x00-c\x00/tmp/" + name + "/containerd.toml\x00", "", "0::/\n", "process 77, containerd"},
		{"a shim", "containerd-shim", fmt.Sprintf(shim, "tmp/"+name), "", "0::/\n", "process 77, containerd-shim"},
		{"a container's process", "pause", "/bin/pause\x00", "HOME=/\x00", "12:pids:/\n3:cpu:/pod-count-node-" + name + "/kubepods/pod1/0123\n", "process 77, pause"},
		{"what a program of the cluster started", "nft", "nft\x00monitor\x00", "HOME=/\x00NODE_DIR=/tmp/" + name + "\x00", "0::/\n", "process 77, nft"},
		{"containerd of somebody else", "containerd", "/usr/bin/containerd\x00", "HOME=/root\x00", "0::/system.slice/containerd.service\n", ""},
		{"a shim of somebody else", "containerd-shim", fmt.Sprintf(shim, "run/containerd"), "", "0::/\n", ""},
		{"another cluster", "onenode", "/src/bin/onenode\x00--dir=/tmp/onenodeASDFGHJKLM\x00", "", "0::/\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			proc := t.TempDir()
			must(t, os.Mkdir(filepath.Join(proc, "77"), 0o700))
			for file, text := range map[string]string{"comm": tt.program + "\n", "cmdline": tt.cmdline, "environ": tt.environ, "cgroup": tt.cgroup} {
				must(t, os.WriteFile(filepath.Join(proc, "77", file), []byte(text), 0o600))
			}
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			if got := processes(proc, name); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// TestTraces leaves a process behind that is named like a shim, and has a link that was
// the cluster's beside one that is gone.
func TestTraces(t *testing.T) {
	const name = "onenodeASDFGHJKLY"
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "read end", "containerd-shim-runc-v2", "-address", "/tmp/"+name+"/containerd.sock")
	stdin, err := cmd.StdinPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait() // it reads no line, and fails
	})
	links, err := interfaces()
	must(t, err)
	want := fmt.Sprintf("process %d, sh", cmd.Process.Pid)
	if all := traces(name, nil); !all[want] {
		t.Errorf("no %q in %v", want, all)
	}
	for _, link := range links {
		if strings.HasPrefix(link, "veth") {
			continue // pods come and go meanwhile
		}
		left := leftBehind(traces(name, nil), traces(name, []string{link, "veth00000000"}))
		if !slices.Contains(left, "link "+link) || slices.Contains(left, "link veth00000000") {
			t.Errorf("with the link %s there, left behind are %q", link, left)
		}
	}
}
