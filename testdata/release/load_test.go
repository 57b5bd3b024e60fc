package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLoad has podman load the archive as docs/operations.md says, with a storage of its
// own in a mount namespace, and finds the image under the name that the documents and the
// manifests have.
func TestLoad(t *testing.T) {
	for _, program := range []string{"podman", "unshare"} {
		if _, err := exec.LookPath(program); err != nil || os.Geteuid() != 0 {
			if os.Getenv("CI") != "" {
				t.Fatalf("no %s, or not root, and CI must be: %v", program, err)
			}
			t.Skipf("no %s, or not root: %v", program, err)
		}
	}
	const line = "podman load --input dist/pod_count_exporter-0.2.0.oci.tar"
	dir, version := t.TempDir(), strings.TrimSpace(read(t, "VERSION"))
	writeTestImage(t, release{out: filepath.Join(dir, "dist"), version: version, commit: "abc", date: time.Unix(1_700_000_000, 0).UTC()})
	storage := filepath.Join(dir, "storage.conf")
	text := fmt.Sprintf("[storage]\ndriver = \"vfs\"\ngraphroot = %q\nrunroot = \"/run/storage\"\n", filepath.Join(dir, "root"))
	if err := os.WriteFile(storage, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	script := "set -e; mount -t tmpfs tmpfs /run; " + line + " >&2; podman images --format '{{.Repository}}:{{.Tag}}'; podman create pod_count_exporter:" + version + " >&2"
	command := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-c", script)
	command.Dir, command.Env = dir, append(os.Environ(), "CONTAINERS_STORAGE_CONF="+storage)
	var stderr strings.Builder
	command.Stderr = &stderr
	// Engines and the nodes of a cluster take a name without a registry for this one.
	want := "docker.io/library/pod_count_exporter:" + version
	if output, err := command.Output(); err != nil || strings.TrimSpace(string(output)) != want {
		t.Errorf("podman has loaded %q, want %s: %v\n%s", output, want, err, stderr.String())
	}
}
