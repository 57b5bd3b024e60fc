package cluster_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// TestDigest makes one change after another to what a directory holds.
func TestDigest(t *testing.T) {
	root := files(t, map[string]string{"one": oneContext("https://one.example"), "notes.txt~": "x"})
	opts := cluster.Options{Kubeconfigs: []string{root}}
	at := func(name string) string { return filepath.Join(root, name) }
	write := func(name, content string) error { return os.WriteFile(at(name), []byte(content), 0o600) }
	last := cluster.Digest(opts)
	for _, step := range []struct {
		name    string
		do      func() error
		changes bool
	}{
		{"nothing", func() error { return nil }, false},
		{"the same content again", func() error { return write("one", oneContext("https://one.example")) }, false},
		{"one letter", func() error { return write("one", oneContext("https://two.example")) }, true},
		{"another file", func() error { return write("two", "x") }, true},
		{"content that moves between files", func() error { return os.Rename(at("two"), at("three")) }, true},
		{"a file that goes", func() error { return os.Remove(at("three")) }, true},
		{"a file turned into a link to the same", func() error {
			if err := os.Rename(at("one"), filepath.Join(t.TempDir(), "moved")); err != nil {
				return err
			}
			return os.Symlink(filepath.Join(t.TempDir(), "nowhere"), at("one"))
		}, true},
		{"the directory", func() error { return os.RemoveAll(root) }, true},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		now := cluster.Digest(opts)
		if changed := now != last; changed != step.changes {
			t.Errorf("%s: changed %t, want %t", step.name, changed, step.changes)
		}
		last = now
	}
}

// The digest looks where Load does.
func TestDigestPlaces(t *testing.T) {
	root := files(t, map[string]string{".kube/config": "home", "listed": "listed"})
	env := func(vars map[string]string) cluster.Env {
		return cluster.Env{
			Getenv: func(name string) string { return vars[name] },
			Home:   func() (string, error) { return root, nil },
		}
	}
	home := cluster.Digest(cluster.Options{Env: env(nil)})
	listed := cluster.Digest(cluster.Options{Env: env(map[string]string{"KUBECONFIG": filepath.Join(root, "listed")})})
	flag := cluster.Digest(cluster.Options{Env: env(nil), Kubeconfigs: []string{filepath.Join(root, "listed")}})
	inPod := cluster.Digest(cluster.Options{Env: env(map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"})})
	if home == "" || listed == home || listed != flag || inPod != "" {
		t.Errorf("home %q, KUBECONFIG %q, --kubeconfig %q, in a pod %q", home, listed, flag, inPod)
	}
}

// TestKey tells which edits of a kubeconfig need another client.
func TestKey(t *testing.T) {
	key := func(content string) string { return load(t, content).Key }
	plain := oneContext("https://one.example")
	base := key(plain)
	if strings.Contains(base, canary) || base == "" {
		t.Fatalf("key %q", base)
	}
	for _, tt := range []struct {
		name, old, new string
		same           bool
	}{
		{"nothing", "", "", true},
		{"a comment", "apiVersion", "# east\napiVersion", true},
		{"another context beside it", "contexts:", "contexts:\n- {name: other, context: {cluster: c, user: u}}", true},
		{"the server", "one.example", "two.example", false},
		{"the token", canary, canary + "2", false},
		{"a proxy", `"}}`, `", proxy-url: "http://p.example"}}`, false},
		{"the TLS server name", `"}}`, `", tls-server-name: s}}`, false},
	} {
		if got := key(strings.ReplaceAll(plain, tt.old, tt.new)); (got == base) != tt.same {
			t.Errorf("%s: the key stays %t, want %t", tt.name, got == base, tt.same)
		}
	}
}
