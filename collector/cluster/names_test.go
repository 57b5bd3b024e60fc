package cluster_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// found is what a Loader has found: the names of the clusters that can be used, and
// the faults and problems.
func found(loaded cluster.Loaded) (usable, wrong string) {
	var names, texts []string
	for _, c := range loaded.Clusters {
		if c.Fault == nil {
			names = append(names, c.Name)
		} else {
			texts = append(texts, c.Fault.Error())
		}
	}
	for _, c := range loaded.Nameless {
		texts = append(texts, c.Fault.Error())
	}
	for _, err := range loaded.Problems {
		texts = append(texts, err.Error())
	}
	return strings.Join(names, " "), strings.Join(texts, "\n")
}

// A file with two names is one: that with a name of its own.
func TestSameFileTwice(t *testing.T) {
	good, broken := oneContext("https://one.example"), "contexts: ["
	for _, tt := range []struct {
		name  string
		files map[string]string
		links map[string]string // symbolic, by name
		flags []string
		from  string
		want  string
		says  []string // once each
	}{
		{name: "link beside its file", files: map[string]string{"c1.yaml": good}, links: map[string]string{"current": "c1.yaml"}, want: "only"},
		{name: "link that sorts first", files: map[string]string{"c1.yaml": good}, links: map[string]string{"a": "c1.yaml"}, from: "file", want: "c1"},
		{name: "two links to a file elsewhere", files: map[string]string{"other/c1.yaml": good}, links: map[string]string{"b": "other/c1.yaml", "a": "other/c1.yaml"}, from: "file", want: "a"},
		{name: "link that is broken with its file", files: map[string]string{"c1.yaml": broken, "good": good}, links: map[string]string{"current": "c1.yaml"}, want: "only", says: []string{"c1.yaml"}},
		{name: "link that is named beside the directory", files: map[string]string{"c1.yaml": good}, links: map[string]string{"link": "c1.yaml"}, flags: []string{"link", "."}, from: "file", want: "c1"},
		{name: "copy of a file", files: map[string]string{"a": good, "b": good}, says: []string{`two clusters are named "only"`}},
		{name: "copies by their names", files: map[string]string{"a": good, "b": good}, from: "file", want: "a b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := files(t, tt.files)
			for name, target := range tt.links {
				if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
					t.Fatal(err)
				}
			}
			flags := []string{root}
			if tt.flags != nil {
				flags = nil
			}
			for _, flag := range tt.flags {
				flags = append(flags, filepath.Join(root, flag))
			}
			loader := cluster.NewLoader(cluster.Options{Kubeconfigs: flags, NameFrom: tt.from})
			for range 2 {
				usable, wrong := found(loader.Load())
				if usable != tt.want || (wrong == "") != (tt.says == nil) {
					t.Errorf("can be used: %q, want %q; wrong: %s", usable, tt.want, wrong)
				}
				for _, text := range tt.says {
					if strings.Count(wrong, text) == 0 || tt.want != "" && strings.Count(wrong, text) != 1 {
						t.Errorf("%q is not there once: %s", text, wrong)
					}
				}
			}
		})
	}
}

// A name is in every series of its cluster. One that is too long is the fault of its
// context alone, whatever the name is made of, and is not repeated in whole.
func TestNamesThatAreTooLong(t *testing.T) {
	fits, long := strings.Repeat("f", 512), strings.Repeat("x", 1<<20)
	entry := func(context, entry string) string {
		return fmt.Sprintf("clusters: [{name: %[2]q, cluster: {server: \"https://one.example\"}}]\ncontexts: [{name: %[1]q, context: {cluster: %[2]q}}]\n", context, entry)
	}
	for _, tt := range []struct {
		name, from string
		files      map[string]string
		usable     string
		wrong      int
	}{
		{"a context", "", map[string]string{"a": entry(long, "c"), "b": entry(fits, "c")}, fits, 1},
		{"two that begin alike", "", map[string]string{"a": entry(long+"1", "c"), "b": entry(long+"2", "c"), "c": entry("ok", "c")}, "ok", 2},
		{"one byte", "", map[string]string{"a": entry(fits+"f", "c"), "b": entry("ok", "c")}, "ok", 1},
		{"of a file and a context", "file/context", map[string]string{"a": entry(fits, "c"), "b": entry("ok", "c")}, "b/ok", 1},
		{"of a cluster", "cluster", map[string]string{"a": entry("c", long), "b": entry("c", "ok")}, "ok", 1},
		{"a context beside the name", "cluster", map[string]string{"a": entry(long, "ok")}, "ok", 0},
		{"a cluster that is not there", "", map[string]string{"a": "contexts: [{name: c, context: {cluster: " + long + "}}]", "b": entry("ok", "c")}, "ok", 1},
		{"a user that is not there", "", map[string]string{"a": strings.Replace(entry("c", "c"), "cluster: \"c\"", "cluster: c, user: "+long, 1), "b": entry("ok", "c")}, "ok", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			loaded := cluster.NewLoader(cluster.Options{Kubeconfigs: []string{files(t, tt.files)}, NameFrom: tt.from, AllContexts: true}).Load()
			usable, wrong := found(loaded)
			if usable != tt.usable {
				t.Errorf("can be used: %.1000q, want %.1000q", usable, tt.usable)
			}
			if tt.wrong == 0 && wrong == "" {
				return
			}
			faults := strings.Split(wrong, "\n")
			if len(faults) != tt.wrong || len(wrong) > tt.wrong*1000 {
				t.Errorf("%d faults, want %d; %d bytes: %.1000q", len(faults), tt.wrong, len(wrong), wrong)
			}
			for _, c := range loaded.Clusters {
				if len(c.Name) > 512 || len(c.Source) > 1000 {
					t.Errorf("a name of %d bytes, a source of %d", len(c.Name), len(c.Source))
				}
			}
		})
	}
}

// A link that moves from one file to another changes nothing. One whose target is
// gone stands for the cluster until it has a target again.
func TestLinkThatMoves(t *testing.T) {
	named := func(name string) string {
		return strings.ReplaceAll(oneContext("https://"+name+".example"), "only", name)
	}
	root := files(t, map[string]string{"c1.yaml": named("one"), "c2.yaml": named("two")})
	at := func(name string) string { return filepath.Join(root, name) }
	link := func(target string) error {
		_ = os.Remove(at("current"))
		return os.Symlink(target, at("current"))
	}
	loader := cluster.NewLoader(cluster.Options{Kubeconfigs: []string{root}})
	for _, step := range []struct {
		name    string
		do      func() error
		want    string
		problem bool
	}{
		{"first", func() error { return link("c1.yaml") }, "one two", false},
		{"the other", func() error { return link("c2.yaml") }, "one two", false},
		{"a file that is broken", func() error { return os.WriteFile(at("c2.yaml"), []byte("contexts: ["), 0o600) }, "one two", true},
		{"and mended", func() error { return os.WriteFile(at("c2.yaml"), []byte(named("two")), 0o600) }, "one two", false},
		{"a file that goes", func() error { return os.Remove(at("c2.yaml")) }, "one two", true},
		{"a file that becomes a link to one that is broken", func() error {
			if err := os.WriteFile(at("b"), []byte("contexts: ["), 0o600); err != nil {
				return err
			}
			if err := os.Remove(at("c1.yaml")); err != nil {
				return err
			}
			return os.Symlink("b", at("c1.yaml"))
		}, "one two", true},
		{"and to one that is not", func() error { return os.WriteFile(at("b"), []byte(named("one")), 0o600) }, "one two", true},
		{"a link that goes too", func() error { return os.Remove(at("current")) }, "one", false},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		loaded := loader.Load()
		if usable, wrong := found(loaded); usable != step.want || (len(loaded.Problems) > 0) != step.problem {
			t.Errorf("%s: can be used: %q, want %q; wrong: %s", step.name, usable, step.want, wrong)
		}
	}
}

// If several want a name, it belongs to the one that has it, else to the only usable
// one.
func TestOneNameForMany(t *testing.T) {
	good := func(host string) string { return oneContext("https://" + host) }
	broken := strings.Replace(good("broken.example"), "cluster: {", "cluster: {certificate-authority: gone.crt, ", 1)
	const clash, gone = `two clusters are named "only"`, "certificate-authority: no such file"
	for _, tt := range []struct {
		name  string
		steps []map[string]string // what the directory holds
		opts  cluster.Options
		want  []string // the file whose cluster can be used, in each step
		says  []string // in the last step
	}{
		{"broken, then good", []map[string]string{{"a": broken, "b": good("b")}}, cluster.Options{}, []string{"b"}, []string{gone}},
		{"good, then broken", []map[string]string{{"a": good("a"), "b": broken}}, cluster.Options{}, []string{"a"}, []string{gone}},
		{"two good ones and a broken one", []map[string]string{{"a": broken, "b": good("b"), "c": good("c")}}, cluster.Options{}, []string{""}, []string{gone, clash, `/b"`, `/c"`}},
		{"the broken one is mended", []map[string]string{{"a": broken, "b": good("b")}, {"a": good("a"), "b": good("b")}}, cluster.Options{}, []string{"b", "b"}, []string{clash, `/a"`}},
		{"the good one breaks", []map[string]string{{"a": broken, "b": good("b")}, {"a": good("a"), "b": broken}}, cluster.Options{}, []string{"b", ""}, []string{gone, clash}},
		{"the good one goes", []map[string]string{{"a": good("a")}, {"a": good("a"), "b": good("b")}, {"b": good("b")}}, cluster.Options{}, []string{"a", "a", "b"}, nil},
		{"the file of the good one has another name, beside a rival", []map[string]string{{"a": good("a")}, {"a": good("a"), "b": good("b")}, {"0": good("a"), "b": good("b")}}, cluster.Options{}, []string{"a", "a", "0"}, []string{clash, `/b"`}},
		{"the file of the good one goes, beside two rivals", []map[string]string{{"a": good("a")}, {"a": good("a"), "b": good("b"), "c": good("c")}, {"b": good("b"), "c": good("c")}}, cluster.Options{}, []string{"a", "a", ""}, []string{clash, `/b"`, `/c"`}},
		{"all broken", []map[string]string{{"a": broken, "b": broken}}, cluster.Options{}, []string{""}, []string{gone}},
		{"one name given for two", []map[string]string{{"a": broken, "b": good("b")}}, cluster.Options{Name: "prod"}, []string{""}, []string{gone, "--kubernetes.cluster-name"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			tt.opts.Kubeconfigs = []string{root}
			loader := cluster.NewLoader(tt.opts)
			for i, step := range tt.steps {
				fill(t, root, step)
				loaded := loader.Load()
				_, wrong := found(loaded)
				usable := ""
				for _, c := range loaded.Clusters {
					if c.Fault == nil {
						usable += strings.Split(c.Source, `"`)[1]
					}
				}
				if want := tt.want[i]; usable != "" && want == "" || want != "" && usable != filepath.Join(root, want) {
					t.Errorf("step %d: %q can be used, want %q", i, usable, want)
				}
				if i < len(tt.steps)-1 {
					continue
				}
				for _, text := range tt.says {
					if !strings.Contains(wrong, text) {
						t.Errorf("nothing says %q: %s", text, wrong)
					}
				}
				if (wrong == "") != (tt.says == nil) {
					t.Errorf("wrong is %q", wrong)
				}
			}
		})
	}
}

// fill makes contents what a directory holds.
func fill(t *testing.T, root string, contents map[string]string) {
	t.Helper()
	old, err := filepath.Glob(filepath.Join(root, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Files that are left out of a directory are reported with a reason. A file that is
// meant as a kubeconfig, even in one line of JSON, is a problem.
func TestLeftOutOfADirectory(t *testing.T) {
	inJSON := `{"apiVersion":"v1","kind":"Config","clusters":[{"name":"c","cluster":{"server":"https://h"}}],"contexts":[{"name":"x"`
	root := files(t, map[string]string{
		"a": oneContext("https://one.example"), "a.bak": "x", "folder/x": "", "notes": "x", "secret.yaml": "apiVersion: v1\nkind: Secret\n",
		"state.json": `{"version":1,"users":{"a":1}}`, "inventory.yaml": "clusters:\n  a: 1\n", "large": strings.Repeat("x", 8<<20+1), "half.json": inJSON,
		"other-kind": "apiVersion: v1\nkind: Konfig\nclusters: []\n",
	})
	loader := cluster.NewLoader(cluster.Options{Kubeconfigs: []string{root}})
	loaded := loader.Load()
	var got strings.Builder
	for _, file := range loaded.LeftOut {
		fmt.Fprintf(&got, "%s: %s\n", filepath.Base(file.Path), file.Why)
	}
	const none = "it is no kubeconfig, or has no contexts"
	if want := "a.bak: its name is that of a backup or a lock\nfolder: it is a directory\ninventory.yaml: " + none + "\nlarge: larger than 8 MiB\n" +
		"notes: " + none + "\nsecret.yaml: " + none + "\nstate.json: " + none + "\n"; got.String() != want {
		t.Errorf("left out:\n%s, want:\n%s", &got, want)
	}
	usable, wrong := found(loaded)
	if usable != "only" || strings.Count(wrong, "\n") != 1 || !strings.Contains(wrong, `half.json": not a valid kubeconfig (byte `) || !strings.Contains(wrong, `other-kind": not a valid kubeconfig: its kind is not Config`) {
		t.Errorf("can be used: %q; wrong: %s", usable, wrong)
	}
	if err := os.WriteFile(filepath.Join(root, "a"), []byte(strings.Repeat("#", 8<<20+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if usable, wrong := found(loader.Load()); usable != "only" || !strings.Contains(wrong, `a": larger than 8 MiB`) {
		t.Errorf("a kubeconfig has grown: can be used: %q; wrong: %s", usable, wrong)
	}
}
