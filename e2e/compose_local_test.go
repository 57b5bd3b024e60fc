//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// wantLocal joins the network of a cluster on this machine by the file of
// docs/operations.md, and has the exporter count a simulated cluster there, which has the
// name that kind gives its control plane.
func (c *engine) wantLocal() {
	c.t.Helper()
	text, err := os.ReadFile("../docs/operations.md")
	must(c.t, err)
	override := regexp.MustCompile("(?s)```yaml\n(# compose.override.yaml.*?)```").FindSubmatch(text)
	if override == nil {
		c.t.Fatal("docs/operations.md has no compose.override.yaml")
	}
	joins, kubeconfig := filepath.Join(c.dir, "compose.override.yaml"), filepath.Join(c.dir, "internal")
	must(c.t, os.WriteFile(joins, override[1], 0o600))
	must(c.t, os.WriteFile(kubeconfig, []byte(strings.ReplaceAll(strings.ReplaceAll(ownKubeconfig, "own", "kind-own"), "kubesim", "own-control-plane")), 0o644)) //nolint:gosec // the container's user reads it
	c.podman("network", "create", "kind")
	c.podman("run", "--detach", "--name", "own-control-plane", "--network", "kind", "localhost/kubesim:e2e",
		"--listen-address=:6443", "--advertise-url=http://own-control-plane:6443")
	c.t.Setenv("KUBECONFIG_FILE", kubeconfig)
	files := []string{"-f", composeFile, "-f", c.override, "-f", joins}
	command(c.t, "docker-compose", append(files, "up", "--detach", "exporter")...)
	eventually(c.t, "a cluster on this machine is counted", func() bool {
		return strings.Contains(c.get("http://127.0.0.1:10120/metrics"), "\npod_count_success{cluster=\"kind-own\"} 1\n")
	})
	command(c.t, "docker-compose", append(files, "down")...)
	c.podman("rm", "--force", "own-control-plane")
	c.podman("network", "rm", "kind")
}
