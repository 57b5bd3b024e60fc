package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// watching runs the program until the function that it returns is called, which gives
// the exit code.
func (d *desk) watching(args ...string) (interrupt func() int) {
	ctx, cancel := context.WithCancel(d.t.Context())
	code := make(chan int, 1)
	go func() { code <- d.run(ctx, append([]string{"--watch"}, args...)...) }()
	return func() int {
		cancel()
		return <-code
	}
}

// lastSaid are the numbers of active pods that the lines of changes lead to.
func lastSaid(text string) map[string]int {
	counts := make(map[string]int)
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); words[0] != "TIME" {
			if counts[words[1]], _ = strconv.Atoi(words[2]); words[len(words)-1] == "gone" {
				delete(counts, words[1])
			}
		}
	}
	return counts
}

// saysTruth says whether they are those of the simulation.
func saysTruth(sim *kubesim.Server) func(string) bool {
	return func(text string) bool { return maps.Equal(lastSaid(text), sim.Truth().Pods) }
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestWatchInAPipe follows real changes, one after the other and many at once.
func TestWatchInAPipe(t *testing.T) {
	d := newDesk(t)
	sim := d.add("production", nil)
	interrupt := d.watching()
	d.stdout.awaitThat(saysTruth(sim))
	node := sim.NodeNames()[0]
	line := func(pods int, rest string) *regexp.Regexp {
		return regexp.MustCompile(`(?m)^\S+Z   ` + node + ` +` + strconv.Itoa(pods) + ` +110 +\d+%   ` + rest + `$`)
	}
	before := sim.Truth().Pods[node]
	pod := sim.CreatePod("")
	must(t, sim.BindPod(pod, node))
	d.stdout.awaitThat(line(before+1, `\+1`).MatchString)
	must(t, sim.SetPhase(pod, corev1.PodSucceeded))
	d.stdout.awaitThat(line(before, "-1").MatchString)
	scaled := sim.AddNode()
	d.stdout.awaitThat(regexp.MustCompile(scaled + ` +0 +–? +–?.* new`).MatchString)
	must(t, sim.RemoveNode(scaled))
	d.stdout.awaitThat(regexp.MustCompile(scaled + ` +– +– +–   gone`).MatchString)
	for n := range uint64(300) {
		sim.Churn(n)
	}
	d.stdout.awaitThat(saysTruth(sim))
	d.want(interrupt(), exitInterrupted)
	d.wantErrors("note: production: followed for ")
	if text := d.stdout.String(); strings.Contains(text, "\x1b") || strings.Count(text, "TIME ") != 1 {
		t.Errorf("it is not one table of plain text:\n%s", text)
	}
}

// TestWatchChooses combines --watch with what chooses and orders.
func TestWatchChooses(t *testing.T) {
	nodeOfMany := func(sim *kubesim.Server, node string) {
		for range 50 {
			sim.CreatePod(node)
		}
	}
	tests := []struct {
		name, args string
		before     func(sim *kubesim.Server, node string)
		pod        string // where it is created; NODE without
		says       string // the line of the change
		never      string
	}{
		{name: "one node", args: "NODE", says: ` +110 +\d+%   \+1$`, never: "OTHER"},
		{name: "labels", args: "-l kubernetes.io/hostname=NODE", says: ` +110 +\d+%   \+1$`, never: "OTHER"},
		{name: "a namespace", args: "-n NAMESPACE", says: ` +– +–   \+1$`},
		{name: "all contexts", args: "--all-contexts", says: ` +110 +\d+%   \+1$`},
		{name: "free, ordered", args: "--show-free --sort-by=free", says: ` +110 +\d+ +\d+%   \+1$`},
		{name: "full nodes", args: "--min-percent=50", before: nodeOfMany, says: ` +110 +5\d%   \+1$`, never: "OTHER"},
		{name: "sums", args: "--summary", says: `production +6 +62 +660 +598 +9% +3 +0   \+[12]$`, never: "NODE"},
		{name: "wide sums", args: "--summary -o wide", pod: "-", says: `production +6 +61 +660 +599 +9% +4 +0 .* [+-][01]$`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			sim := d.add("production", func(c *kubesim.Config) { c.Namespaces = []string{"shop"} })
			d.add("staging", func(c *kubesim.Config) { c.Seed = 2 })
			node, other := sim.NodeNames()[1], sim.NodeNames()[0]
			if tt.before != nil {
				tt.before(sim, node)
			}
			pick := strings.NewReplacer("NODE", node, "NAMESPACE", "shop")
			interrupt := d.watching(strings.Fields(pick.Replace(tt.args))...)
			d.stdout.awaitThat(regexp.MustCompile(`(?m)^\S+Z   (production|(production   )?` + node + `) `).MatchString)
			sim.CreatePod(other)
			must(t, sim.DeletePod(sim.CreatePod(other)))
			sim.CreatePod(map[bool]string{true: "", false: node}[tt.pod != ""])
			d.stdout.awaitThat(regexp.MustCompile(`(?m)` + tt.says).MatchString)
			d.want(interrupt(), exitInterrupted)
			hidden := strings.NewReplacer("NODE", node, "OTHER", other).Replace(tt.never)
			if text := d.stdout.String(); hidden != "" && strings.Contains(text, hidden+" ") {
				t.Errorf("%q is in\n%s", hidden, text)
			}
		})
	}
}

// TestWatchTellsOfTheNodesShown counts every pod that comes and goes there, also those
// between two looks, and none elsewhere.
func TestWatchTellsOfTheNodesShown(t *testing.T) {
	for args, says := range map[string]string{
		"-l kubernetes.io/hostname=NODE":      "16 pods bound to the nodes shown, 11 gone from them",
		"-l kubernetes.io/hostname=NODE NODE": "16 pods bound to the nodes shown, 11 gone from them",
		"NODE nowhere":                        "16 pods bound to the nodes shown, 11 gone from them",
		"NODE":                                "16 pods bound to the nodes shown, 11 gone from them",
		"--sort-by=name":                      "18 pods bound to nodes, 11 gone from them",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			sim := d.add("production", nil)
			node, other := sim.NodeNames()[1], sim.NodeNames()[0]
			interrupt := d.watching(strings.Fields(strings.ReplaceAll(args, "NODE", node))...)
			line := regexp.MustCompile(`(?m)^\S+Z   ` + node + ` +(\d+) `)
			d.stdout.awaitThat(line.MatchString)
			first, err := strconv.Atoi(line.FindStringSubmatch(d.stdout.String())[1])
			must(t, err)
			become := func(pods int) {
				d.stdout.awaitThat(func(all string) bool {
					lines := line.FindAllStringSubmatch(all, -1)
					return lines[len(lines)-1][1] == strconv.Itoa(pods)
				})
			}
			pod := sim.CreatePod(node)
			become(first + 1)
			must(t, sim.DeletePod(pod))
			become(first)
			for range 2 {
				sim.CreatePod(other)
			}
			for range 10 {
				must(t, sim.DeletePod(sim.CreatePod(node)))
			}
			for range 5 {
				sim.CreatePod(node)
			}
			become(first + 5)
			d.want(interrupt(), exitInterrupted)
			if !strings.HasSuffix(d.stderr.String(), ": "+says+"\n") {
				t.Errorf("standard error %q, want it to end with %q", d.stderr.String(), says)
			}
		})
	}
}

// refusing answers streams with a status.
func refusing(status int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("watch") {
				w.WriteHeader(status)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// TestWatchWithoutTheRightTo lists, and says so.
func TestWatchWithoutTheRightTo(t *testing.T) {
	d := newDesk(t)
	sim := d.add("production", func(c *kubesim.Config) { c.Intercept = refusing(http.StatusForbidden) })
	interrupt := d.watching()
	d.stdout.awaitThat(saysTruth(sim))
	d.want(interrupt(), exitInterrupted)
	d.wantErrors("note: production: not live, but counted every 30s: watch of ", "note: production: counted 1 time in ")
	if !strings.Contains(d.stderr.String(), ": forbidden: ") {
		t.Errorf("standard error: %s", d.stderr.String())
	}
}

// TestWatchBesideDeadClusters has one that fails, one that never answers and one that
// cannot be used beside one that is followed.
func TestWatchBesideDeadClusters(t *testing.T) {
	d := newDesk(t)
	sim := d.add("production", nil)
	d.serve("closed", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	d.serve("silent", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	d.serve("unusable", http.NotFoundHandler())
	d.config.Contexts["unusable"].AuthInfo = "nobody"
	interrupt := d.watching("--all-contexts")
	d.stderr.await("error: closed: ")
	node := sim.NodeNames()[0]
	d.stdout.await(" production   " + node + " ")
	sim.CreatePod(node)
	d.stdout.await("+1")
	d.want(interrupt(), exitInterrupted)
	for _, text := range []string{
		"error: closed: nodes page 1, attempt 2: unauthorized: ", "  try: kubectl auth whoami", "error: unusable: ",
		"error: silent: interrupted while reading the nodes", "note: production: followed for ",
	} {
		if !strings.Contains(d.stderr.String(), text) {
			t.Errorf("standard error lacks %q:\n%s", text, d.stderr.String())
		}
	}
}

// TestWatchOfNothing ends as a count does when there is nothing to follow.
func TestWatchOfNothing(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		d := newDesk(t)
		d.out = screen{terminal: terminal, width: 80, height: 20}
		d.add("production", func(c *kubesim.Config) { c.Forbidden = []string{"pods"} })
		d.want(d.run(t.Context(), "--watch"), exitFailed)
		d.wantErrors("error: production: pods page 1, attempt 2: forbidden: ", "  try: -n NAMESPACE")
	}
}

// TestWatchOfNoNode says that it is nowhere, and shows it once it is there.
func TestWatchOfNoNode(t *testing.T) {
	d := newDesk(t)
	d.add("production", nil)
	interrupt := d.watching("nowhere")
	d.stderr.await(`error: node "nowhere": not found`)
	d.stderr.await("\n  try: kubectl get nodes ")
	d.want(interrupt(), exitInterrupted)
}

// TestWatchOfACutCluster tells the end of the streams, and their return.
func TestWatchOfACutCluster(t *testing.T) {
	d := newDesk(t)
	var life atomic.Pointer[life]
	life.Store(newLife())
	sim := d.add("production", func(c *kubesim.Config) {
		c.Intercept = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { life.Load().serve(next, w, r) })
		}
	})
	interrupt := d.watching()
	d.stdout.awaitThat(saysTruth(sim))
	life.Load().end()
	d.stderr.await("error: production: ")
	sim.Churn(1)
	sim.CreatePod(sim.NodeNames()[0])
	life.Store(newLife())
	d.stderr.await("note: production: live")
	d.stdout.awaitThat(saysTruth(sim))
	d.want(interrupt(), exitInterrupted)
}

// life is the time in which a server answers.
type life struct {
	ctx context.Context
	end context.CancelFunc
}

func newLife() *life {
	ctx, end := context.WithCancel(context.Background())
	return &life{ctx, end}
}

// serve answers as long as there is life.
func (l *life) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	if l.ctx.Err() != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	next.ServeHTTP(w, r.WithContext(ctx))
}

// listed is a cluster that cannot be followed.
type listed struct{ counts int }

func (l *listed) Count(_ context.Context, observer podcount.Observer, publish func(*podcount.Snapshot)) error {
	if l.counts++; l.counts == 1 {
		observer.Watched(podcount.Watched{Fallback: context.DeadlineExceeded})
	}
	publish(&podcount.Snapshot{Mode: podcount.ModeList, Consistent: true, Time: time.Now(), Nodes: []podcount.Node{nodeOf("a", l.counts, 110)}})
	return nil
}

// TestWatchListsAgain holds how often a cluster that cannot be followed is counted.
func TestWatchListsAgain(t *testing.T) {
	var out, errs buffer
	counter := &listed{}
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{opts: &options{}, counted: make(map[string]*result), around: surroundings{stdout: &out, stderr: &errs, now: time.Now}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		f.store, f.stop = store.New(ctx, watchOptions(), f), cancel
		r := &result{name: "production", ended: make(chan struct{})}
		f.results, f.counted["production"] = []*result{r}, r
		f.store.Set(store.Target{Name: "production", Counter: counter})
		if counted, err := f.watch(ctx, newChanges(f)); !counted || err != nil {
			t.Errorf("counted: %v, error %v", counted, err)
		}
		f.tellEnd(f.look(), 10*time.Minute)
		f.store.Wait()
	})
	if counter.counts < 20 || counter.counts > 30 {
		t.Errorf("%d counts in ten minutes, want one every 30s or somewhat more", counter.counts)
	}
	// The last count may end at the same moment as the test, and is not shown then.
	if lines := strings.Count(out.String(), "\n"); lines != counter.counts+1 && lines != counter.counts {
		t.Errorf("%d lines of %d counts:\n%s", lines, counter.counts, out.String())
	}
	want := fmt.Sprintf("note: production: not live, but counted every 30s: context deadline exceeded\nnote: production: counted %d times in 10m0s\n", counter.counts)
	if errs.String() != want {
		t.Errorf("standard error %q, want %q", errs.String(), want)
	}
}
