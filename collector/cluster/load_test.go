package cluster_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// canary stands for every secret: no error may contain it.
const canary = "canary-51f0c7"

// twoContexts has the contexts east (current) and west.
const twoContexts = `
apiVersion: v1
kind: Config
current-context: east
clusters:
- {name: east, cluster: {server: "https://east.example"}}
- {name: west, cluster: {server: "https://west.example"}}
users:
- {name: reader, user: {token: ` + canary + `}}
contexts:
- {name: east, context: {cluster: east, user: reader}}
- {name: west, context: {cluster: west, user: reader}}
`

// oneContext is a kubeconfig with the context only, current, for a server.
func oneContext(server string) string {
	return strings.NewReplacer("NAME", "only", "SERVER", server).Replace(`
apiVersion: v1
kind: Config
current-context: NAME
clusters:
- {name: c, cluster: {server: "SERVER"}}
users:
- {name: u, user: {token: ` + canary + `}}
contexts:
- {name: NAME, context: {cluster: c, user: u}}
`)
}

// files writes a tree of files and returns its root.
func files(t *testing.T, contents map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range contents {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// surroundings is an Env with the given variables, a home, and a service
// account that is there when account is set.
func surroundings(vars map[string]string, home string, account *rest.Config) cluster.Env {
	return cluster.Env{
		Getenv: func(name string) string { return vars[name] },
		Home:   func() (string, error) { return home, nil },
		InCluster: func() (*rest.Config, error) {
			if account == nil {
				return nil, errors.New("no token file")
			}
			return account, nil
		},
	}
}

func names(clusters []cluster.Cluster) string {
	list := make([]string, len(clusters))
	for i, c := range clusters {
		list[i] = c.Name
	}
	return strings.Join(list, " ")
}

func TestLoadFindsClusters(t *testing.T) {
	root := files(t, map[string]string{
		"two":               twoContexts,
		"current":           "current-context: west\n",
		"nothing":           "",
		"users":             "users: [{name: u, user: {token: " + canary + "}}]\n",
		"clusters":          "clusters: [{name: c, cluster: {server: https://split.example}}]\n",
		"contexts":          "current-context: split\ncontexts: [{name: split, context: {cluster: c, user: u}}]\n",
		"one":               oneContext("https://one.example"),
		"home/.kube/config": oneContext("https://home.example"),
		"dir/b":             strings.ReplaceAll(oneContext("https://b.example"), "only", "b"),
		"dir/a":             strings.ReplaceAll(oneContext("https://a.example"), "only", "a"),
		"dir/.hidden":       "not a kubeconfig",
		"dir/sub/c":         "not a kubeconfig",
	})
	at := func(name string) string { return filepath.Join(root, name) }
	account := &rest.Config{Host: "https://10.0.0.1:443", BearerToken: canary}
	inPod := map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}

	tests := []struct {
		name    string
		opts    cluster.Options
		vars    map[string]string
		account *rest.Config
		want    string
	}{
		{name: "current context of a file", opts: cluster.Options{Kubeconfigs: []string{at("two")}}, want: "east"},
		{name: "named context", opts: cluster.Options{Kubeconfigs: []string{at("two")}, Contexts: []string{"west"}}, want: "west"},
		{name: "named contexts keep their order", opts: cluster.Options{Kubeconfigs: []string{at("two")}, Contexts: []string{"west", "east"}}, want: "west east"},
		{name: "all contexts by name", opts: cluster.Options{Kubeconfigs: []string{at("two")}, AllContexts: true}, want: "east west"},
		{name: "current context of each of two files", opts: cluster.Options{Kubeconfigs: []string{at("two"), at("one")}}, want: "east only"},
		{name: "named context in the second file", opts: cluster.Options{Kubeconfigs: []string{at("two"), at("one")}, Contexts: []string{"only"}}, want: "only"},
		{name: "files of a directory by name", opts: cluster.Options{Kubeconfigs: []string{at("dir")}}, want: "a b"},
		{name: "name of the only cluster", opts: cluster.Options{Kubeconfigs: []string{at("one")}, Name: "prod"}, want: "prod"},
		{name: "KUBECONFIG merges, missing files are passed over", vars: map[string]string{"KUBECONFIG": at("gone") + ":" + at("one") + ":" + at("two")}, opts: cluster.Options{AllContexts: true}, want: "east only west"},
		{name: "KUBECONFIG with the current context in a file of its own", vars: map[string]string{"KUBECONFIG": at("current") + ":" + at("two")}, want: "west"},
		{name: "KUBECONFIG with an empty file", vars: map[string]string{"KUBECONFIG": at("nothing") + ":" + at("two")}, want: "east"},
		{name: "KUBECONFIG split by sections", vars: map[string]string{"KUBECONFIG": at("users") + ":" + at("clusters") + ":" + at("contexts")}, want: "split"},
		{name: "KUBECONFIG's first current context counts", vars: map[string]string{"KUBECONFIG": at("one") + ":" + at("two")}, want: "only"},
		{name: "flag before KUBECONFIG", opts: cluster.Options{Kubeconfigs: []string{at("two")}}, vars: map[string]string{"KUBECONFIG": at("one")}, want: "east"},
		{name: "KUBECONFIG before service account", vars: map[string]string{"KUBECONFIG": at("two"), "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, account: account, want: "east"},
		{name: "service account before home", vars: inPod, account: account, want: cluster.InCluster},
		{name: "service account with a name", vars: inPod, account: account, opts: cluster.Options{Name: "prod"}, want: "prod"},
		{name: "home when a context is asked for in a pod", vars: inPod, account: account, opts: cluster.Options{Contexts: []string{"only"}}, want: "only"},
		{name: "home", want: "only"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.opts.Env = surroundings(tt.vars, at("home"), tt.account)
			clusters, err := cluster.Load(tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if got := names(clusters); got != tt.want {
				t.Errorf("clusters are %q, want %q", got, tt.want)
			}
			for _, c := range clusters {
				if c.Source == "" || strings.Contains(c.Source, canary) {
					t.Errorf("source of %s is %q", c.Name, c.Source)
				}
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	change := func(old, new string) string { return strings.Replace(twoContexts, old, new, 1) }
	// want are the parts that the error must contain; FILE stands for the file's
	// path.
	tests := []struct {
		name    string
		content string
		opts    cluster.Options
		want    []string
	}{
		{"empty file", "", cluster.Options{}, []string{"FILE", "no contexts"}},
		{"not YAML", "{{" + canary, cluster.Options{}, []string{"FILE", "not a valid kubeconfig"}},
		{"YAML error in the line of a token", "users:\n- name: u\n  user:\n    token: \"" + canary + "\n", cluster.Options{}, []string{"FILE", "not a valid kubeconfig", "line "}},
		{"a bare token", canary, cluster.Options{}, []string{"FILE", "not a valid kubeconfig"}},
		{"token that is a list", change("token: "+canary, "token: ["+canary+"]"), cluster.Options{}, []string{"FILE", "not a valid kubeconfig"}},
		{"token that is a map", change("token: "+canary, "token: {"+canary+": 1}"), cluster.Options{}, []string{"FILE", "not a valid kubeconfig"}},
		{"client key that is not base64", change("token: "+canary, "client-key-data: "+canary), cluster.Options{}, []string{"FILE", "not a valid kubeconfig", "base64"}},
		{"another kind", change("kind: Config", "kind: "+canary), cluster.Options{}, []string{"FILE", "not a valid kubeconfig: its kind is not Config"}},
		{"another version", change("apiVersion: v1", "apiVersion: "+canary), cluster.Options{}, []string{"FILE", "not a valid kubeconfig: its apiVersion is not v1"}},
		{"JSON in one line", `{"apiVersion":"v1","kind":"Config","users":[{"name":"u","user":{"token":"` + canary + `"x}}]}`, cluster.Options{}, []string{"FILE", "not a valid kubeconfig (byte 88 of its JSON)"}},
		{"JSON that ends early", `{"apiVersion":"v1","kind":"Config","users":[{"name":"u","user":{"token":"` + canary, cluster.Options{}, []string{"FILE", "not a valid kubeconfig (byte 86 of its JSON)"}},
		{"token that is a list, in JSON", `{"apiVersion":"v1","kind":"Config","users":[{"name":"u","user":{"token":["` + canary + `"]}}]}`, cluster.Options{}, []string{"FILE", "not a valid kubeconfig (field AuthInfo.users.user.token)"}},
		{"no current context", change("current-context: east", ""), cluster.Options{}, []string{"--kubeconfig", "FILE", "current-context", "--kubernetes.context"}},
		{"current context that is not there", change("current-context: east", "current-context: north"), cluster.Options{}, []string{"FILE", `"north"`, "no such context"}},
		{"named context that is not there", twoContexts, cluster.Options{Contexts: []string{"north"}}, []string{`--kubernetes.context="north"`, "FILE"}},
		{"context without its cluster", change("{cluster: east, user", "{cluster: gone, user"), cluster.Options{}, []string{"FILE", `context "east"`, `no cluster "gone"`}},
		{"context without its user", change("user: reader}", "user: gone}"), cluster.Options{}, []string{"FILE", `context "east"`, `no user "gone"`}},
		{"no server", change("https://east.example", ""), cluster.Options{}, []string{"FILE", `context "east"`, `cluster "east" has no server`}},
		{"server with another scheme", change("https://east.example", "ftp://"+canary+"@east.example"), cluster.Options{}, []string{"FILE", `context "east"`, "http"}},
		{"server without a host", change("https://east.example", "https:///"+canary), cluster.Options{}, []string{"FILE", `context "east"`, "host"}},
		{"server that is no URL", change("https://east.example", "https://u:"+canary+"%zz@east.example"), cluster.Options{}, []string{"FILE", `context "east"`, "URL"}},
		{"proxy that is no URL", change(`east.example"`, `east.example", proxy-url: "http://u:`+canary+`%zz@proxy"`), cluster.Options{}, []string{"FILE", `context "east"`, "proxy-url"}},
		{"proxy with another scheme", change(`east.example"`, `east.example", proxy-url: "`+canary+`://u@proxy"`), cluster.Options{}, []string{"FILE", `context "east"`, "proxy-url"}},
		{"certificate authority that is missing", change(`east.example"`, `east.example", certificate-authority: gone.pem`), cluster.Options{}, []string{"FILE", `context "east"`, "certificate-authority: no such file"}},
		{"plugin that wants a terminal", change("token: "+canary, "exec: {apiVersion: client.authentication.k8s.io/v1, command: "+canary+", interactiveMode: Always}"), cluster.Options{}, []string{"FILE", `context "east"`, `user "reader": exec.interactiveMode: Always wants a terminal`}},
		{"certificate authority given twice", change(`east.example"`, `east.example", certificate-authority: gone.pem, certificate-authority-data: AAAA`), cluster.Options{}, []string{"FILE", `cluster "east": certificate-authority: not together with certificate-authority-data`}},
		{"certificate given twice", change("token: "+canary, "client-certificate: x, client-certificate-data: AAAA, client-key-data: AAAA"), cluster.Options{}, []string{"FILE", `user "reader": client-certificate: not together with client-certificate-data`}},
		{"key given twice", change("token: "+canary, "client-certificate-data: AAAA, client-key: x, client-key-data: AAAA"), cluster.Options{}, []string{"FILE", `user "reader": client-key: not together with client-key-data`}},
		{"token's file that is empty", change("token: "+canary, "tokenFile: empty"), cluster.Options{}, []string{"FILE", `user "reader": tokenFile: the file is empty`}},
		{"token and a password alone", change("token: "+canary, "token: "+canary+", password: "+canary), cluster.Options{}, []string{"FILE", `user "reader": password: more than one authentication method`}},
		{"token and password", change("token: "+canary, "token: "+canary+", username: u, password: "+canary), cluster.Options{}, []string{"FILE", `context "east"`, "more than one authentication method"}},
		{"two clusters of one name", change("cluster: west, user", "cluster: east, user"), cluster.Options{AllContexts: true, NameFrom: "cluster"}, []string{"two clusters", `"east"`, `context "west"`, "FILE"}},
		{"one name for two clusters", twoContexts, cluster.Options{AllContexts: true, Name: "prod"}, []string{"--kubernetes.cluster-name", `"prod"`}},
		{"all contexts and one", twoContexts, cluster.Options{AllContexts: true, Contexts: []string{"east"}}, []string{"--kubernetes.all-contexts", "--kubernetes.context"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(files(t, map[string]string{"kubeconfig": tt.content, "empty": "\n"}), "kubeconfig")
			tt.opts.Kubeconfigs = []string{path}
			_, err := cluster.Load(tt.opts)
			checkRefusal(t, err, path, tt.want)
		})
	}
}

func TestLoadRefusesPlaces(t *testing.T) {
	root := files(t, map[string]string{"empty/.hidden": "", "one": oneContext("https://one.example")})
	at := func(name string) string { return filepath.Join(root, name) }
	noHome := cluster.Env{
		Getenv: func(string) string { return "" },
		Home:   func() (string, error) { return "", errors.New("HOME is not set") },
	}
	inPod := map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
	tests := []struct {
		name string
		opts cluster.Options
		want []string
	}{
		{"missing file", cluster.Options{Kubeconfigs: []string{at("gone")}}, []string{"--kubeconfig", at("gone"), "no such file"}},
		{"file within a file", cluster.Options{Kubeconfigs: []string{at("one/two")}}, []string{"--kubeconfig", at("one/two"), "not a directory"}},
		{"empty path", cluster.Options{Kubeconfigs: []string{""}}, []string{"--kubeconfig", "empty"}},
		{"directory without files", cluster.Options{Kubeconfigs: []string{at("empty")}}, []string{"--kubeconfig", at("empty"), "no kubeconfigs"}},
		{"KUBECONFIG without files", cluster.Options{Env: surroundings(map[string]string{"KUBECONFIG": at("gone")}, root, nil)}, []string{"KUBECONFIG", at("gone"), "no such file"}},
		{"KUBECONFIG that is a directory", cluster.Options{Env: surroundings(map[string]string{"KUBECONFIG": at("empty")}, root, nil)}, []string{"KUBECONFIG", at("empty"), "directory"}},
		{"pod without a token", cluster.Options{Env: surroundings(map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, root, nil)}, []string{"in-cluster", "no token file", "--kubeconfig"}},
		{"text in the place of a path", cluster.Options{Kubeconfigs: []string{twoContexts}}, []string{"--kubeconfig (", "do not look like a path"}},
		{"JSON in the place of a path", cluster.Options{Kubeconfigs: []string{`{"users":[{"name":"u","user":{"token":"` + canary + `"}}]}`}}, []string{"--kubeconfig (", "do not look like a path", "no such file"}},
		{"base64 in the place of a path", cluster.Options{Kubeconfigs: []string{strings.Repeat(canary, 20)}}, []string{"--kubeconfig (", "name too long"}},
		{"text in KUBECONFIG", cluster.Options{Env: surroundings(map[string]string{"KUBECONFIG": twoContexts}, root, nil)}, []string{"KUBECONFIG (", "do not look like a path"}},
		{"text with a long line in KUBECONFIG", cluster.Options{Env: surroundings(map[string]string{"KUBECONFIG": twoContexts + strings.Repeat(canary, 20)}, root, nil)}, []string{"KUBECONFIG (", "do not look like a path", "name too long"}},
		{"nothing anywhere", cluster.Options{Env: surroundings(nil, root, nil)}, []string{"--kubeconfig", "KUBECONFIG", at(".kube/config")}},
		{"a context of nothing", cluster.Options{Env: surroundings(inPod, root, nil), Contexts: []string{"east"}}, []string{"--kubernetes.context needs a kubeconfig", "--kubeconfig", "KUBECONFIG", at(".kube/config")}},
		{"all contexts of nothing", cluster.Options{Env: surroundings(nil, root, nil), AllContexts: true}, []string{"--kubernetes.all-contexts needs a kubeconfig", at(".kube/config")}},
		{"a context and no home", cluster.Options{Env: noHome, Contexts: []string{"east"}}, []string{"--kubernetes.context needs a kubeconfig", "--kubeconfig", "KUBECONFIG", "HOME is not set"}},
		{"no home", cluster.Options{Env: noHome}, []string{"--kubeconfig", "KUBECONFIG", "HOME is not set"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := cluster.Load(tt.opts)
			checkRefusal(t, err, "", tt.want)
		})
	}
}

func checkRefusal(t *testing.T, err error, path string, want []string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if strings.Contains(err.Error(), canary) {
		t.Errorf("the error holds a secret: %v", err)
	}
	for _, part := range want {
		if part = strings.ReplaceAll(part, "FILE", path); !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not name %q: %v", part, err)
		}
	}
}

// What client-go ignores is not a fault.
func TestLoadPassesOverWhatIsNotUsed(t *testing.T) {
	for name, user := range map[string]string{
		"file of a token beside a token":          "token: " + canary + ", tokenFile: gone",
		"key without a certificate":               "token: " + canary + ", client-key: gone",
		"plugin that asks somebody, and a token":  "token: " + canary + ", exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}",
		"plugin that asks somebody, and password": "username: u, password: " + canary + ", exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}",
	} {
		t.Run(name, func(t *testing.T) {
			content := strings.Replace(twoContexts, "token: "+canary, user, 1)
			path := filepath.Join(files(t, map[string]string{"kubeconfig": content}), "kubeconfig")
			clusters, err := cluster.Load(cluster.Options{Kubeconfigs: []string{path}})
			if err != nil || len(clusters) != 1 {
				t.Fatalf("%d clusters, error %v", len(clusters), err)
			}
			if _, _, err := clusters[0].Client(); err != nil {
				t.Errorf("the client cannot be made: %v", err)
			}
		})
	}
}
