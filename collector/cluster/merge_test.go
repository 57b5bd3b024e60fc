package cluster_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// randomPart is a kubeconfig file with some of the entries that there are, each
// marked with the file's own number.
func randomPart(random *rand.Rand, number int) string {
	var file strings.Builder
	some := func(section, entry string) {
		fmt.Fprintf(&file, "%s:\n", section)
		for _, name := range strings.Fields("a b c d") {
			if random.IntN(2) == 0 {
				fmt.Fprintf(&file, strings.NewReplacer("NAME", name).Replace(entry)+"\n", number)
			}
		}
	}
	if random.IntN(3) == 0 {
		fmt.Fprintf(&file, "current-context: %c\n", 'a'+rune(random.IntN(4)))
	}
	some("clusters", `- {name: NAME, cluster: {server: "https://%d.NAME.example"}}`)
	some("users", "- {name: NAME, user: {token: t%d}}")
	some("contexts", "- {name: NAME, context: {cluster: NAME, user: NAME, namespace: n%d}}")
	return file.String()
}

// The clusters of a list are those of client-go's own rules, even for files that
// cannot be read any more.
func TestListIsMergedAsByClientGo(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		dir := t.TempDir()
		var paths []string
		for i := range 4 {
			paths = append(paths, filepath.Join(dir, fmt.Sprint(i)))
			if err := os.WriteFile(paths[i], []byte(randomPart(random, i)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := (&clientcmd.ClientConfigLoadingRules{Precedence: paths}).Load()
		if err != nil {
			t.Fatal(err)
		}
		list := strings.Join(paths, ":")
		loader := cluster.NewLoader(cluster.Options{AllContexts: true, Env: surroundings(map[string]string{"KUBECONFIG": list}, dir, nil)})
		all := loader.Load().Clusters
		if got, want := strings.Fields(names(all)), slices.Sorted(maps.Keys(want.Contexts)); !slices.Equal(got, want) {
			t.Errorf("seed %d: contexts %q, want %q", seed, got, want)
		}
		for _, c := range all {
			server, user := want.Clusters[c.Name], want.AuthInfos[c.Name]
			if usable := server != nil && user != nil; usable != (c.Fault == nil) {
				t.Errorf("seed %d: context %s: fault %v", seed, c.Name, c.Fault)
			} else if _, base, err := c.Client(); usable && (err != nil || base.String() != server.Server) {
				t.Errorf("seed %d: context %s: server %v, want %s (%v)", seed, c.Name, base, server.Server, err)
			}
		}
		for _, i := range random.Perm(len(paths))[:2] {
			if err := os.WriteFile(paths[i], []byte("contexts: ["), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if after := loader.Load().Clusters; keys(after) != keys(all) {
			t.Errorf("seed %d: two files are spoilt, and the clusters change", seed)
		}
	}
}

func keys(all []cluster.Cluster) string {
	var text strings.Builder
	for _, c := range all {
		fmt.Fprintln(&text, c.Name, c.Key, c.Server)
	}
	return text.String()
}
