//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// owner is the user and group of whoever follows the guide.
const owner = 1234

// export runs a line of docs/operations.md as the owner of a kubeconfig which nobody
// else may read, and takes over the variables for all that follows.
func (c *engine) export(line string) {
	c.t.Helper()
	own := filepath.Join(c.dir, ".kube", "config")
	must(c.t, os.Mkdir(filepath.Dir(own), 0o700))
	must(c.t, os.WriteFile(own, []byte(ownKubeconfig), 0o600))
	must(c.t, os.Chown(own, owner, owner))
	shell := exec.CommandContext(c.t.Context(), "sh", "-c", line+"\nenv")
	shell.Env = []string{"HOME=" + c.dir, "PATH=" + os.Getenv("PATH")}
	shell.Dir = "/"
	shell.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner, Gid: owner}}
	output, err := shell.Output()
	must(c.t, err)
	for line := range strings.Lines(string(output)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if name == "COMPOSE_PROJECT_NAME" || name == "KUBECONFIG_FILE" || name == "EXPORTER_USER" {
			c.t.Setenv(name, value)
		}
	}
}

// wantProject wants all that runs, is joined or is kept to be of the project, and nothing to
// be of the one that Compose makes of the folder's name.
func (c *engine) wantProject(name string) {
	c.t.Helper()
	for _, what := range []string{"ps", "volume ls", "network ls"} {
		of := func(project string) string {
			return c.podman(append(strings.Fields(what), "--quiet", "--filter", "label=com.docker.compose.project="+project)...)
		}
		if of(name) == "" || of(filepath.Base(filepath.Dir(composeFile))) != "" {
			c.t.Errorf("podman %s shows %q of the project %s, and %q of the folder's", what, of(name), name, of(filepath.Base(filepath.Dir(composeFile))))
		}
	}
}

// wantDemoAlone starts the demo as somebody who has no kubeconfig, and sees it counted.
func (c *engine) wantDemoAlone(line string) {
	c.t.Helper()
	must(c.t, os.Unsetenv("KUBECONFIG_FILE")) // as they were, after the test
	must(c.t, os.Unsetenv("EXPORTER_USER"))
	c.guide(line)
	eventually(c.t, "the demo is counted without a kubeconfig of one's own", func() bool {
		text := c.get("http://127.0.0.1:10120/metrics")
		return strings.Contains(text, "\npod_count_success{cluster=\"jobsscz-k8s-cluster\"} 1\n") && !strings.Contains(text, `cluster="own"`)
	})
	c.wantSealed("exporter")
	c.compose("down", "--volumes")
}

// ownKubeconfig leads to the simulated cluster by another way than the demo's.
const ownKubeconfig = `apiVersion: v1
kind: Config
current-context: own
contexts: [{name: own, context: {cluster: own, user: nobody}}]
clusters: [{name: own, cluster: {server: "http://kubesim:6443"}}]
users: [{name: nobody, user: {}}]
`
