package cluster_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// allocated returns the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Whatever else lies in a directory of kubeconfigs is read at each reload, and takes little
// more memory than it is large. Parsed, it would take up to a hundred times its size.
func TestOtherFilesOfADirectoryCostLittle(t *testing.T) {
	const size = 2 << 20
	const head = "apiVersion: v1\nkind: Config\ncontexts:\n"
	const none, tooMany = "it is no kubeconfig, or has no contexts", "more than 100,000 entries"
	for _, tt := range []struct{ name, begin, unit, end, why string }{
		{"a log", "", "level=info ts=x: msg of contexts, users: a\n", "", none},
		{"a list", "", "- a\n", "", none},
		{"lists in lists", "[", "[a,b],", "{}]", none},
		{"many levels", "", "[", "", none},
		{"JSON lines", "", `{"level":"info","users":"x"}` + "\n", "", none},
		{"an inventory", "users:\n", "- name: a\n", "", none},
		{"objects", "apiVersion: v1\nitems:\n", "- kind: ConfigMap\n  metadata: {name: a, namespace: b}\n", "", none},
		{"contexts and a list", head, "- a\n", "", tooMany},
		{"contexts and empty entries", head, "-\n", "", tooMany},
		{"contexts and names", head, "- name: a\n", "", tooMany},
		{"contexts and lists in lists", head + "[", "[],", "{}]", tooMany},
		{"contexts and keys without values", head, "? a\n", "", tooMany},
		{"contexts and keys on the next line", head, "?\n a\n", "", tooMany},
		{"contexts and entries that end in NEL", head, "-\u0085", "", tooMany},
		{"contexts and entries that end in LS", head, "-\u2028", "", tooMany},
		{"contexts and keys that end in PS", head, "? a\u2029", "", tooMany},
		{"contexts and keys before PS", head, "?\u2029 a\n", "", tooMany},
		{"contexts and values that end in NEL", head, "a:\u0085", "", tooMany},
		{"contexts in JSON", `{"contexts":[`, `{"name":"a"},`, `{}]}`, tooMany},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := files(t, map[string]string{
				"a": oneContext("https://one.example"), "z": tt.begin + strings.Repeat(tt.unit, size/len(tt.unit)) + tt.end,
			})
			loader := cluster.NewLoader(cluster.Options{Kubeconfigs: []string{root}})
			for _, when := range []string{"first", "again"} {
				var loaded cluster.Loaded
				took := allocated(func() { loaded = loader.Load() })
				usable, wrong := found(loaded)
				if usable != "only" || wrong != "" || len(loaded.LeftOut) != 1 || loaded.LeftOut[0].Why != tt.why {
					t.Errorf("%s: can be used: %q; wrong: %q; left out: %q", when, usable, wrong, loaded.LeftOut)
				}
				if took > 12*size {
					t.Errorf("%s: read with %d times its size", when, took/size)
				}
			}
		})
	}
}

// large is a kubeconfig of many clusters, as kubectl writes it: each with certificates
// and a key of RSA with 4096 bits, or a plugin.
func large(clusters int, plugins bool) string {
	var servers, users, contexts strings.Builder
	data := strings.Repeat("QUJD", 775)
	if plugins {
		data = "QUJD"
	}
	for i := range clusters {
		name := fmt.Sprintf("arn:aws:eks:eu-central-1:123456789012:cluster/production-%d", i)
		if i == 0 {
			name = "x0"
		}
		fmt.Fprintf(&servers, "- cluster:\n    certificate-authority-data: %s\n    server: https://%d.eks.example:443\n  name: %s\n", data, i, name)
		fmt.Fprintf(&contexts, "- context:\n    cluster: %s\n    user: %s\n  name: %s\n", name, name, name)
		fmt.Fprintf(&users, "- name: %s\n  user:\n", name)
		if !plugins {
			fmt.Fprintf(&users, "    client-certificate-data: %s\n    client-key-data: %s\n", data, data)
			continue
		}
		users.WriteString("    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      args:\n")
		for _, arg := range strings.Fields("--region eu-central-1 eks get-token --cluster-name x --output json --role arn:aws:iam::123456789012:role/x") {
			fmt.Fprintf(&users, "      - %s\n", arg)
		}
		users.WriteString("      command: aws\n      env:\n      - name: AWS_PROFILE\n        value: x\n      interactiveMode: IfAvailable\n      provideClusterInfo: false\n")
	}
	return "apiVersion: v1\nclusters:\n" + servers.String() + "contexts:\n" + contexts.String() +
		"current-context: x0\nkind: Config\npreferences: {}\nusers:\n" + users.String()
}

func TestLargestKubeconfigs(t *testing.T) {
	for _, tt := range []struct {
		name    string
		data    string
		problem string // of the file, which is named
	}{
		{"500 clusters with certificates", large(500, false), ""},
		{"1,000 clusters with plugins", large(1000, true), ""},
		{"1,000 clusters with certificates", large(1000, false), "larger than 8 MiB"},
		{"4,000 clusters with plugins", large(4000, true), "more than 100,000 entries"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kubeconfig")
			if err := os.WriteFile(path, []byte(tt.data), 0o600); err != nil {
				t.Fatal(err)
			}
			loaded := cluster.NewLoader(cluster.Options{Kubeconfigs: []string{path}}).Load()
			usable, wrong := found(loaded)
			if (usable == "x0") != (tt.problem == "") || (wrong == "") != (tt.problem == "") || !strings.HasSuffix(wrong, tt.problem) {
				t.Errorf("%d KiB: can be used: %.200q; wrong: %.200q", len(tt.data)>>10, usable, wrong)
			}
		})
	}
}

// TestMeantAsAKubeconfig has files of a directory that cannot be parsed: one that is meant
// as a kubeconfig is a problem, another is left out.
func TestMeantAsAKubeconfig(t *testing.T) {
	const broken = "\n\t\"': ]\n"
	for _, tt := range []struct {
		name, data string
		meant      bool
	}{
		{"contexts", "contexts:\n- name: a", true},
		{"a key in quotes", `"contexts": []`, true},
		{"in single quotes", `'current-context' : a`, true},
		{"after other keys", "a: 1\r\ncontexts:\r\n", true},
		{"amid a mapping", "{a: 1, contexts: []", true},
		{"in JSON over many lines", "{\n  \"a\": 1,\n  \"contexts\" : [\n", true},
		{"after the same word", "contexts contexts\ncontexts:\n", true},
		{"an entry of a list", "- contexts: a\n", true},
		{"clusters and users", "clusters: []\nusers: []\n", true},
		{"cut off after its kind", "apiVersion: v1\nkind: Config\nclus", true},
		{"with quotes", `{"kind": "Config", "apiVersion":"v1"`, true},
		{"users alone", "users: []\n", false},
		{"the word alone", "contexts\n", false},
		{"amid a line", "see contexts: many\n", false},
		{"a longer key", "subcontexts: []\nmy-contexts: []\n", false},
		{"in a text in quotes", `see "contexts": many`, false},
		{"another kind", "apiVersion: v1\nkind: ConfigMap\n", false},
		{"another version", "apiVersion: v1beta1\nkind: Config\n", false},
		{"nothing", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := files(t, map[string]string{"a": oneContext("https://one.example"), "z": tt.data + broken})
			loaded := cluster.NewLoader(cluster.Options{Kubeconfigs: []string{root}}).Load()
			if usable, wrong := found(loaded); usable != "only" || (wrong != "") != tt.meant || (len(loaded.LeftOut) == 1) == tt.meant {
				t.Errorf("can be used: %q; wrong: %q; left out: %q", usable, wrong, loaded.LeftOut)
			}
		})
	}
}
