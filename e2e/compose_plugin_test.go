//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// pluginSource is a credential plugin: one static program.
const pluginSource = `package main

import "os"

func main() {
	os.Stdout.WriteString(` + "`" + `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"` + "`" + ` + os.Args[1] + ` + "`" + `"}}` + "`" + `)
}
`

// pluginKubeconfig leads to a simulated cluster that wants the plugin's token.
const pluginKubeconfig = `apiVersion: v1
kind: Config
current-context: sealed
contexts: [{name: sealed, context: {cluster: sealed, user: plugin}}]
clusters: [{name: sealed, cluster: {server: "https://sealed:6443", insecure-skip-tls-verify: true}}]
users: [{name: plugin, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: my-plugin, args: [token-of-a-plugin], interactiveMode: Never}}}]
`

// wantPlugin builds the image with a credential plugin by a command of docs/operations.md,
// from the exporter's own, and has it count a cluster that asks for credentials.
func (c *engine) wantPlugin(line string) {
	c.t.Helper()
	text, err := os.ReadFile("../docs/operations.md")
	must(c.t, err)
	_, section, found := strings.Cut(string(text), "\n### An image with a credential plugin\n")
	dockerfile := regexp.MustCompile("(?s)```dockerfile\n(FROM (\\S+)\n.*?)```").FindStringSubmatch(section)
	build := regexp.MustCompile(`^docker build --tag (\S+) \.$`).FindStringSubmatch(line)
	if !found || dockerfile == nil || build == nil {
		c.t.Fatal("docs/operations.md does not say how to build an image with a credential plugin")
	}
	dir := c.t.TempDir()
	must(c.t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile[1]), 0o600))
	must(c.t, os.WriteFile(filepath.Join(dir, "plugin.go"), []byte(pluginSource), 0o600))
	c.t.Setenv("CGO_ENABLED", "0")
	command(c.t, "go", "build", "-o", filepath.Join(dir, "my-plugin"), filepath.Join(dir, "plugin.go"))
	kubeconfig := filepath.Join(c.dir, "plugin-kubeconfig")
	must(c.t, os.WriteFile(kubeconfig, []byte(pluginKubeconfig), 0o644)) //nolint:gosec // the container's user reads it

	c.podman("tag", "localhost/exporter:e2e", "localhost/"+dockerfile[2])
	c.podman("build", "--tag", "localhost/"+build[1], dir)
	network := c.podman("network", "ls", "--filter", "label=com.docker.compose.project="+os.Getenv("COMPOSE_PROJECT_NAME"), "--format", "{{.Name}}")
	c.podman("run", "--detach", "--name", "sealed", "--network", network, "localhost/kubesim:e2e",
		"--listen-address=:6443", "--advertise-url=https://sealed:6443", "--tls", "--token=token-of-a-plugin")
	c.podman("run", "--detach", "--name", "plugin", "--network", network, "--read-only", "--tmpfs", "/tmp", "--cap-drop", "all",
		"--volume", kubeconfig+":/kubeconfig:ro", "localhost/"+build[1], "--kubeconfig=/kubeconfig")
	eventually(c.t, "the exporter with a plugin counts", func() bool {
		return strings.Contains(c.logs("plugin"), `msg="Completed paginated pod count" cluster=sealed`)
	})
	c.podman("rm", "--force", "sealed", "plugin")
}
