package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// counts are the nodes of a document.
func (d *desk) counts() map[string]int {
	d.t.Helper()
	var doc struct {
		Clusters []struct{ Nodes []nodeDocument }
	}
	if err := json.Unmarshal([]byte(d.stdout.String()), &doc); err != nil {
		d.t.Fatal(err)
	}
	counts := make(map[string]int)
	for _, c := range doc.Clusters {
		for _, node := range c.Nodes {
			counts[node.Name] = node.ActivePods
		}
	}
	return counts
}

// TestRunCountsTheTruth compares with what the simulation says of itself.
func TestRunCountsTheTruth(t *testing.T) {
	d := newDesk(t)
	sim := d.add("production", nil)
	d.want(d.run(t.Context(), "-o", "json", "--page-size=7"), exitOK)
	d.wantErrors()
	truth, got := sim.Truth(), d.counts()
	if len(got) != len(truth.Pods) {
		t.Errorf("%d nodes, want %d", len(got), len(truth.Pods))
	}
	for name, pods := range truth.Pods {
		if got[name] != pods {
			t.Errorf("%s: %d active pods, want %d", name, got[name], pods)
		}
	}
}

func TestRunChoosesClusters(t *testing.T) {
	tests := []struct {
		name string
		args []string
		has  []string
		not  []string
	}{
		{"current context", nil, []string{"production"}, []string{"staging"}},
		{"another one", []string{"--context", "staging"}, []string{"staging"}, []string{"production"}},
		{"all", []string{"--all-contexts"}, []string{"production", "staging", "total "}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			d.add("production", nil)
			d.add("staging", func(c *kubesim.Config) { c.Seed = 2 })
			d.want(d.run(t.Context(), tt.args...), exitOK, tt.has...)
			d.wantErrors()
			for _, text := range tt.not {
				if strings.Contains(d.stdout.String(), text) {
					t.Errorf("%q is in\n%s", text, d.stdout.String())
				}
			}
		})
	}
}

// TestRunAsksForOneNode holds that its cluster is not read for one node.
func TestRunAsksForOneNode(t *testing.T) {
	d := newDesk(t)
	var asked []string
	sim := d.add("production", func(c *kubesim.Config) {
		c.Intercept = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.Path+" "+r.URL.Query().Get("fieldSelector"))
				next.ServeHTTP(w, r)
			})
		}
	})
	node := sim.NodeNames()[0]
	d.want(d.run(t.Context(), node), exitOK, "\n"+node+" ")
	if len(asked) != 2 || asked[0] != "/api/v1/nodes metadata.name="+node || !strings.HasPrefix(asked[1], "/api/v1/pods spec.nodeName="+node+",") {
		t.Errorf("asked for %q", asked)
	}
}

func TestRunChoosesNodes(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		code  int
		nodes int
		says  []string
	}{
		{"by name, one of which there is not", []string{"NODE", "nowhere"}, exitFailed, 1, []string{`error: node "nowhere": not found`, "  try: kubectl get nodes with the same --context"}},
		{"by label", []string{"-l=kubernetes.io/os=linux"}, exitOK, 6, nil},
		{"by a label that none has", []string{"-l", "kubernetes.io/os=windows"}, exitOK, 0, []string{"note: production: there is no node with -l kubernetes.io/os=windows"}},
		{"by name and a label that it has not", []string{"-l", "kubernetes.io/os=windows", "NODE"}, exitFailed, 0,
			[]string{`error: node "`, "  try: kubectl get nodes --show-labels"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			node := d.add("production", nil).NodeNames()[0]
			args := strings.Fields(strings.ReplaceAll(strings.Join(tt.args, " "), "NODE", node))
			d.want(d.run(t.Context(), append(args, "-o=json")...), tt.code)
			d.wantErrors(tt.says...)
			if got := d.counts(); len(got) != tt.nodes {
				t.Errorf("%d nodes, want %d", len(got), tt.nodes)
			}
		})
	}
}

// TestRunWithoutTheRightToListNodes shows what there is, and says what is not.
func TestRunWithoutTheRightToListNodes(t *testing.T) {
	d := newDesk(t)
	sim := d.add("production", func(c *kubesim.Config) { c.Forbidden = []string{"nodes"} })
	d.want(d.run(t.Context()), exitOK, "–")
	d.wantErrors("note: production: you may not list nodes")
	for name, pods := range sim.Truth().Pods {
		line := fmt.Sprintf("\n%s ", name)
		if strings.Contains(d.stdout.String(), line) != (pods > 0) {
			t.Errorf("%s with %d pods:\n%s", name, pods, d.stdout.String())
		}
	}
}

func TestRunTellsFailures(t *testing.T) {
	d := newDesk(t)
	d.add("production", nil)
	d.add("forbidden", func(c *kubesim.Config) { c.Forbidden = []string{"pods"} })
	d.serve("closed", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	d.serve("unusable", http.NotFoundHandler())
	d.config.Contexts["unusable"].AuthInfo = "nobody"
	d.want(d.run(t.Context(), "--all-contexts"), exitFailed, "\nproduction ", "\nforbidden             –  ", "\nclosed                –  ", "\nunusable              –  ", "1 of 4 clusters ")
	d.wantErrors(
		"error: closed: nodes page 1, attempt 2: unauthorized: ", "  try: kubectl auth whoami",
		"error: forbidden: pods page 1, attempt 2: forbidden: ", "  try: -n NAMESPACE",
		"error: unusable: KUBECONFIG=", "  try: kubectl config view",
	)
}

// TestRunTellsARedirect has a server in front of the API server that sends its users
// to a login page.
func TestRunTellsARedirect(t *testing.T) {
	d := newDesk(t)
	d.serve("production", http.RedirectHandler("https://login.example.com/", http.StatusFound))
	d.want(d.run(t.Context()), exitFailed)
	d.wantErrors("error: production: nodes page 1, attempt ", `  try: the address of the API server itself as "server" in the kubeconfig`)
}

// TestRunAsksForANodeOfOneCluster sums up what is known, beside a cluster that has
// nothing to add.
func TestRunAsksForANodeOfOneCluster(t *testing.T) {
	d := newDesk(t)
	node := d.add("production", nil).NodeNames()[0]
	d.add("staging", func(c *kubesim.Config) { c.Seed = 2 })
	d.want(d.run(t.Context(), "--context=production", "--context=staging", node), exitOK)
	d.wantErrors()
	if want := regexp.MustCompile(`(?m)^total +1 +\d+ +110 +\d+ +\d+% `); !want.MatchString(d.stdout.String()) {
		t.Errorf("no line %s in\n%s", want, d.stdout.String())
	}
}

// TestRunShowsLongNames has names that are as long as they can be.
func TestRunShowsLongNames(t *testing.T) {
	long := strings.Repeat("n", 253)
	results := []*result{countedOf("production", podcount.Snapshot{Nodes: []podcount.Node{nodeOf("a", 5, 110), nodeOf(long, 7, 110)}})}
	o, _, err := parseFlags([]string{"-o=wide"}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []screen{{terminal: true, width: 100}, {terminal: true, width: 47}, {width: 100}} {
		lines := linesOf(func(w io.Writer) error { return o.writeTables(w, to, results) })[:3]
		for _, line := range lines {
			if to.terminal && columns(line) > to.width {
				t.Errorf("%d columns of %d: %s", columns(line), to.width, line)
			}
		}
		if whole := strings.HasPrefix(lines[1], long+" "); whole == to.terminal || !strings.HasSuffix(lines[1], "6%") {
			t.Errorf("terminal %v: %s", to.terminal, lines[1])
		}
	}
}

func TestRunWithoutAKubeconfig(t *testing.T) {
	tests := []struct {
		name string
		args []string
		says string
	}{
		{"no such context", []string{"--context=nowhere"}, `error: nowhere: --context="nowhere": no such context in KUBECONFIG=`},
		{"no such file", []string{"--kubeconfig=/nonexistent"}, `error: --kubeconfig="/nonexistent": `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			d.add("production", nil)
			d.want(d.run(t.Context(), tt.args...), exitFailed)
			if !strings.HasPrefix(d.stderr.String(), tt.says) || d.stdout.String() != "" {
				t.Errorf("standard error %q, want it to begin with %q; output %q, want none", d.stderr.String(), tt.says, d.stdout.String())
			}
		})
	}
}

// TestRunInterrupted stops amid the pods of one of two clusters.
func TestRunInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	d := newDesk(t)
	d.add("production", nil)
	d.add("slow", func(c *kubesim.Config) {
		c.Intercept = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("continue") == "" {
					next.ServeHTTP(w, r)
					return
				}
				d.stderr.await("1 of 2") // the other cluster is counted
				interrupt()
				<-r.Context().Done()
			})
		}
	})
	d.err.terminal = true
	d.want(d.run(ctx, "--all-contexts", "--page-size=10"), exitInterrupted, "\nproduction ", "\nslow ")
	_, after, _ := strings.Cut(d.stderr.String(), "error: ")
	if !strings.HasPrefix(after, "slow: interrupted at page 2 of the pods, with 10 pods read") {
		t.Errorf("standard error: %q", d.stderr.String())
	}
}

// TestRunRemembers holds that the next progress bar knows how many pods there will
// be, and that nothing is kept where there is none.
func TestRunRemembers(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		d := newDesk(t)
		d.err.terminal = terminal
		d.add("production", nil)
		d.want(d.run(t.Context()), exitOK)
		data, err := os.ReadFile(filepath.Join(d.dir, "cache", program, "last-counts.json"))
		if terminal != strings.Contains(string(data), `"pods":63`) || terminal != (err == nil) {
			t.Errorf("terminal %v: the cache has %q, error %v", terminal, data, err)
		}
	}
}
