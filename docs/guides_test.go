package docs

import (
	"os"
	"path/filepath"
	"testing"
)

// troubleshooting has the commands of docs/troubleshooting.md, by section.
func troubleshooting() map[string]map[string]step {
	const (
		byHand   = "e2e.TestTroubleshooting"
		byPlugin = "e2e.TestPluginGuide"
	)
	return map[string]map[string]step{
		"Troubleshooting": {"curl -s http://127.0.0.1:10120/api/v1/clusters": {try: asks}},
		"Forbidden": {
			"kubectl auth can-i list pods --all-namespaces --as=system:serviceaccount:monitoring:pod-count-exporter": {test: byHand},
			"kubectl auth can-i list nodes --as=system:serviceaccount:monitoring:pod-count-exporter":                 {test: byHand},
		},
		"Counts differ from kubectl": {
			"kubectl get pods": {test: byPlugin},
			"kubectl get pods --all-namespaces --no-headers --field-selector='status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!=' | wc -l":    {test: byHand},
			"kubectl get pods --all-namespaces --no-headers --field-selector='status.phase!=Succeeded,status.phase!=Failed,spec.nodeName=NODE' | wc -l": {test: byHand},
			"kubectl describe node NODE | grep 'Non-terminated Pods'":                                                                                   {test: byHand},
			"curl -s 'http://127.0.0.1:10120/api/v1/nodes?cluster=NAME&fresh=true'":                                                                     {try: asks},
			"kubectl proxy --port=8001 &": {block: byHand},
			"kill $!":                     {block: byHand},
			`curl -sS --retry 10 --retry-delay 1 --retry-all-errors -o /dev/null -w '%{size_download} bytes in %{time_total} s\n' -H 'Accept: application/json;as=Table;v=v1;g=meta.k8s.io' 'http://127.0.0.1:8001/api/v1/pods?limit=500&includeObject=None&fieldSelector=status.phase!%3DSucceeded,status.phase!%3DFailed'`: {block: byHand},
		},
	}
}

// pluginSteps has those of docs/kubectl-plugin.md.
func pluginSteps() map[string]map[string]step {
	const guide = "e2e.TestPluginGuide"
	return map[string]map[string]step{
		"kubectl pod-count": {
			"kubectl pod-count --min-percent 99": {test: guide},
			"kubectl describe node":              {test: guide},
		},
		"Install": {
			"make build":               {try: builds},
			"mkdir -p ~/.local/bin":    {try: atHome},
			"kubectl pod-count --help": {test: guide},
			"install bin/kubectl-pod_count cmd/kubectl-pod_count/kubectl_complete-pod_count ~/.local/bin/": {try: atHome},
			"kubectl krew install --manifest=pod-count.yaml":                                               {mark: "the manifest comes with the release"},
		},
		"Live": {
			"kubectl pod-count --watch --min-percent 99 | tee full-nodes.txt": {test: guide},
			"kubectl get pods": {test: guide},
		},
		"JSON and YAML": {
			"kubectl pod-count -o json | jq -r '.clusters[].nodes[] | select(.freePods < 5) | .name'": {test: guide},
		},
		"Failures": {
			"kubectl auth can-i list pods -A":  {test: guide},
			"kubectl auth can-i watch pods -A": {test: guide},
			"kubectl auth whoami":              {test: guide},
		},
	}
}

// wantPlugin looks for what the document has installed.
func wantPlugin(t *testing.T, at *place) {
	t.Helper()
	for _, name := range []string{"kubectl-pod_count", "kubectl_complete-pod_count"} {
		info, err := os.Stat(filepath.Join(at.home, ".local/bin", name))
		if err != nil || info.Mode().Perm()&0o111 == 0 {
			t.Errorf("after the installation: %v, %v, want a program", info, err)
		}
	}
}

// atHome runs a line with a home that is empty, from a folder that looks like the
// checkout after make build.
func atHome(t *testing.T, at *place, line string) {
	cmd, err := filepath.Abs(filepath.Join(checkout, "cmd"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(cmd, filepath.Join(at.dir, "cmd")); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	foreground(t, at.dir, append(at.env, "HOME="+at.home), line)
}
