package cluster_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// TestChanged makes one change after another to what a directory holds.
func TestChanged(t *testing.T) {
	root := files(t, map[string]string{"one": oneContext("https://one.example"), "notes.txt~": "x"})
	opts := cluster.Options{Kubeconfigs: []string{root}}
	at := func(name string) string { return filepath.Join(root, name) }
	write := func(name, content string) error { return os.WriteFile(at(name), []byte(content), 0o600) }
	loader := cluster.NewLoader(opts)
	loader.Load()
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
		{"a folder", func() error { return os.Mkdir(at("folder"), 0o700) }, true},
		{"a file in a folder", func() error { return write("folder/one", "x") }, false},
		{"the directory", func() error { return os.RemoveAll(root) }, true},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if changed := loader.Changed(); changed != step.changes {
			t.Errorf("%s: changed %t, want %t", step.name, changed, step.changes)
		}
		loader.Load()
	}
}

// Changes are looked for where Load looks, and in the files that a kubeconfig names.
func TestChangedPlaces(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		vars       map[string]string
		flag       bool
		changes    bool
	}{
		{name: "home", file: ".kube/config", changes: true},
		{name: "home beside KUBECONFIG", file: ".kube/config", vars: map[string]string{"KUBECONFIG": "ROOT/listed"}},
		{name: "KUBECONFIG", file: "listed", vars: map[string]string{"KUBECONFIG": "ROOT/gone:ROOT/listed"}, changes: true},
		{name: "a file of KUBECONFIG that comes", file: "late", vars: map[string]string{"KUBECONFIG": "ROOT/late:ROOT/listed"}, changes: true},
		{name: "flag", file: "listed", flag: true, changes: true},
		{name: "in a pod", file: ".kube/config", vars: map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}},
		{name: "token file that comes", file: "token", flag: true, changes: true},
		{name: "authority that comes", file: "ca.crt", flag: true, changes: true},
		{name: "a file that nobody names", file: "other", flag: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			listed := kubeconfig("server: https://h, certificate-authority: ca.crt", "tokenFile: token")
			root := files(t, map[string]string{".kube/config": oneContext("https://home"), "listed": listed})
			vars := map[string]string{}
			for name, value := range tt.vars {
				vars[name] = strings.ReplaceAll(value, "ROOT", root)
			}
			opts := cluster.Options{Env: surroundings(vars, root, nil)}
			if tt.flag {
				opts.Kubeconfigs = []string{filepath.Join(root, "listed")}
			}
			loader := cluster.NewLoader(opts)
			loader.Load()
			if err := os.WriteFile(filepath.Join(root, tt.file), []byte("changed"), 0o600); err != nil {
				t.Fatal(err)
			}
			if changed := loader.Changed(); changed != tt.changes {
				t.Errorf("changed %t, want %t", changed, tt.changes)
			}
		})
	}
}

// A token that rotates is up to client-go, and no change, unless its file is something else,
// too. That there is one, or none, is a change.
func TestChangedTokens(t *testing.T) {
	const tokenAlone, authorityToo = "server: https://h", "server: https://h, certificate-authority: token"
	for _, tt := range []struct {
		name, flag, cluster, token, then string
		changes                          bool
	}{
		{"another one", "configs/a", tokenAlone, "one", "two", false},
		{"the same with a line break", "configs/a", tokenAlone, "one", "one\n", false},
		{"none", "configs/a", tokenAlone, "one", "", true},
		{"blanks", "configs/a", tokenAlone, "one", " \n", true},
		{"one after none", "configs/a", tokenAlone, "", "one", true},
		{"one that is too large", "configs/a", tokenAlone, "one", strings.Repeat("x", 8<<20+1), true},
		{"a certificate authority, too", "configs/a", authorityToo, "one", "two", true},
		{"a file of the directory, too", "configs", tokenAlone, "one", "two", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := files(t, map[string]string{"configs/a": kubeconfig(tt.cluster, "tokenFile: token"), "configs/token": tt.token})
			loader := cluster.NewLoader(cluster.Options{Kubeconfigs: []string{filepath.Join(root, tt.flag)}})
			loader.Load()
			if loader.Changed() {
				t.Error("changed without a change")
			}
			if err := os.WriteFile(filepath.Join(root, "configs/token"), []byte(tt.then), 0o600); err != nil {
				t.Fatal(err)
			}
			if changed := loader.Changed(); changed != tt.changes {
				t.Errorf("changed %t, want %t", changed, tt.changes)
			}
			if loader.Load(); loader.Changed() {
				t.Error("changed again after it was read")
			}
		})
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
