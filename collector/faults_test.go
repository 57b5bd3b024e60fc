package collector

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// faultReason is the reason that each fault must have. A fault that is missing here
// fails the matrix, so none can be added without a reason.
func faultReason(fault kubesim.Fault) (podcount.Reason, bool) {
	if reason, ok := dialReasons()[fault.Name]; ok {
		return reason, true
	}
	for prefix, reason := range map[string]podcount.Reason{
		"status 401":              podcount.Unauthorized,
		"status 403":              podcount.Forbidden,
		"status 410":              podcount.Expired,
		"status 429":              podcount.Throttled,
		"status 500":              podcount.Server,
		"status 503":              podcount.Server,
		"status 504":              podcount.Timeout,
		"redirect":                podcount.Server,
		"Status with 200":         podcount.Server, // it says 500 itself
		"reset before the header": podcount.Network,
		"reset within the header": podcount.Network,
		"body cut after":          podcount.Network,
		"black hole":              podcount.Timeout,
		"stalled body":            podcount.Timeout,
		"one byte a second":       podcount.Timeout,
		"endless rows":            podcount.Timeout,
		"endless whitespace":      podcount.Malformed,
		"gzip bomb":               podcount.Malformed,
		"same token again":        podcount.Malformed,
		"tokens in a cycle":       podcount.Malformed,
		"tokens without end":      podcount.Malformed,
		"empty page with a token": podcount.Malformed,
	} {
		if strings.HasPrefix(fault.Name, prefix) {
			return reason, true
		}
	}
	return podcount.Malformed, slices.ContainsFunc(kubesim.BodyFaults(), func(f kubesim.Fault) bool { return f.Name == fault.Name })
}

// dialGate lets connections fail while it is closed.
type dialGate struct {
	fail atomic.Int64 // connections that still fail
	err  atomic.Pointer[error]
	dial func(context.Context, string, string) (net.Conn, error)
}

func (g *dialGate) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if g.fail.Add(-1) >= 0 {
		return nil, *g.err.Load()
	}
	return g.dial(ctx, network, address)
}

// dialErrors are the ways in which no connection comes about.
func dialErrors() map[string]error {
	return map[string]error{
		"connection refused":          &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED},
		"name does not resolve":       &net.DNSError{Err: "no such host", Name: "api.example", IsNotFound: true},
		"name server does not answer": &net.DNSError{Err: "i/o timeout", Name: "api.example", IsTimeout: true},
		"TLS failure":                 x509.UnknownAuthorityError{},
		"no route":                    &net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH},
	}
}

func dialReasons() map[string]podcount.Reason {
	reasons := make(map[string]podcount.Reason)
	for name := range dialErrors() {
		reasons[name] = podcount.Network
	}
	return reasons
}

// dialFaults cut the connection under a page, and let the next ones fail.
func dialFaults(g *dialGate, times int) []kubesim.Fault {
	failures := dialErrors()
	var faults []kubesim.Fault
	for _, name := range slices.Sorted(maps.Keys(failures)) {
		faults = append(faults, kubesim.Fault{Name: name, Spoil: func(a *kubesim.Answer) {
			err := failures[name]
			g.err.Store(&err)
			g.fail.Store(int64(times))
			kubesim.ResetBeforeHeader().Spoil(a)
		}})
	}
	return faults
}

// faultCase is a fault at one page, a number of times.
type faultCase struct {
	rule kubesim.Rule
	dial bool // the fault works through the gate
	warm bool // a complete snapshot was served before
}

func (c faultCase) name() string {
	times := map[int]string{1: "once", 3: "thrice", kubesim.Forever: "for ever"}[c.rule.Times]
	place := map[kubesim.Page]string{
		kubesim.FirstPage: "first", kubesim.MiddlePage: "middle", kubesim.LastPage: "last",
	}[c.rule.Page]
	begin := map[bool]string{true: "warm", false: "cold"}[c.warm]
	return strings.Join([]string{c.rule.Fault.Name, c.rule.Resource, place, times, begin}, "/")
}

// legal says whether a client must not report a failure. Empty pages with new tokens
// are a failure only if they do not end.
func (c faultCase) legal() bool {
	return c.avoided() || c.rule.Fault.Name == "tokens without end" && c.rule.Times != kubesim.Forever
}

// avoided says whether the pods are counted despite the fault: at the first page, a
// client can ask for a list in place of a Table without a column Node.
func (c faultCase) avoided() bool {
	return c.rule.Fault.Harmless || c.rule.Fault.Name == "no node column" && c.rule.Page == kubesim.FirstPage
}

func faultCases(g *dialGate) []faultCase {
	var cases []faultCase
	pages := []kubesim.Page{kubesim.FirstPage, kubesim.MiddlePage, kubesim.LastPage}
	for _, times := range []int{1, 3, kubesim.Forever} {
		for _, warm := range []bool{true, false} {
			for _, page := range pages {
				for _, fault := range kubesim.Faults() {
					if !fault.NeedsToken || page != kubesim.FirstPage {
						cases = append(cases, faultCase{rule: kubesim.Rule{Fault: fault, Resource: podcount.Pods, Page: page, Times: times}, warm: warm})
					}
				}
				for _, fault := range dialFaults(g, times) {
					cases = append(cases, faultCase{rule: kubesim.Rule{Fault: fault, Resource: podcount.Pods, Page: page, Times: times}, warm: warm, dial: true})
				}
			}
			for _, fault := range slices.Concat(kubesim.StatusFaults(), kubesim.ConnectionFaults()) {
				if fault.Name == "status 403" && !warm {
					continue // nodes that were never listed may be forbidden: the count does without them
				}
				cases = append(cases, faultCase{rule: kubesim.Rule{Fault: fault, Resource: podcount.Nodes, Page: kubesim.FirstPage, Times: times}, warm: warm})
			}
		}
	}
	return cases
}

// TestFaultMatrix shows that no fault yields a wrong number: every scrape shows the
// truth, or the last complete snapshot with success 0, or no number.
func TestFaultMatrix(t *testing.T) {
	all := len(faultCases(&dialGate{}))
	count := 0
	for i := 0; i < all; i += share {
		count++
		name := faultCases(&dialGate{})[i].name()
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				g := &dialGate{}
				newMatrixRun(t, g, faultCases(g)[i]).run()
			})
		})
	}
	t.Logf("%d cases of %d", count, all)
}

// matrixRun is one case on its own simulated cluster of four pages.
type matrixRun struct {
	*exporter
	c        faultCase
	dialGate *dialGate
	script   *kubesim.Script
	on       atomic.Bool
	before   kubesim.Truth // of the last complete snapshot
	now      kubesim.Truth
}

func newMatrixRun(t *testing.T, g *dialGate, c faultCase) *matrixRun {
	rule := c.rule
	if c.dial {
		rule.Times = 1 // the gate counts from there
	}
	run := &matrixRun{c: c, dialGate: g, script: kubesim.NewScript(rule)}
	cfg := small()
	cfg.ImagesPerNode = 1
	cfg.Intercept = func(next http.Handler) http.Handler {
		spoiled := run.script.Intercept(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if run.on.Load() {
				spoiled.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	run.exporter = startWith(t, cfg, steady(), func(counting *podcount.Config, config *rest.Config) {
		counting.PageSize, counting.MaxPageSize = 20, 20
		counting.PageTimeout = 3 * time.Second // endless bodies are read for so long
		g.dial = config.Dial
		config.Dial = g.DialContext
	})
	return run
}

func (r *matrixRun) run() {
	if r.c.warm {
		r.before = r.sim.Truth()
		r.expect(shown(r.before), "1")
	}
	r.change()
	r.now = r.sim.Truth()
	r.on.Store(true)
	time.Sleep(store.DefaultCacheTTL)
	for range 2 {
		r.neverAnotherNumber(r.scrape("10"))
		time.Sleep(store.DefaultCacheTTL)
	}
	if hits := r.script.Hits(); hits == 0 {
		r.t.Error("the fault was never met")
	}
	r.counted()
	if r.c.rule.Times == kubesim.Forever && !r.c.avoided() {
		r.staysBroken()
	}
	r.on.Store(false)
	r.dialGate.fail.Store(0)
	r.scrape("10") // may have met the end of a count that failed
	time.Sleep(store.DefaultCacheTTL)
	r.expect(shown(r.now), "1")
}

// change makes the truth differ from the snapshot before.
func (r *matrixRun) change() {
	for i, node := range r.sim.NodeNames() {
		for range i + 1 {
			r.sim.CreatePod(node)
		}
	}
}

// staysBroken checks what is served of a cluster that cannot be counted.
func (r *matrixRun) staysBroken() {
	time.Sleep(store.DefaultMaxStaleness)
	body := r.scrape("10")
	if nodes := series(body, "node_active_pods"); nodes != nil {
		r.t.Errorf("%d node series after the longest staleness", len(nodes))
	}
	if got := value(body, "pod_count_success"); got != "0" {
		r.t.Errorf("pod_count_success is %s of a cluster that cannot be counted", got)
	}
}

// counted checks that the failures have the reason of the fault, and only that.
func (r *matrixRun) counted() {
	want, known := faultReason(r.c.rule.Fault)
	if !known {
		r.t.Fatalf("no reason is known for the fault %q", r.c.rule.Fault.Name)
	}
	for _, line := range series(r.scrape("10"), "pod_count_page_failures_total") {
		failures := line[strings.LastIndexByte(line, ' ')+1:]
		isWanted := strings.Contains(line, fmt.Sprintf("reason=%q", string(want)))
		switch {
		case isWanted && failures == "0" && !r.c.legal():
			r.t.Errorf("no failure was counted as %s", want)
		case !isWanted && failures != "0":
			r.t.Errorf("failures beside those for %s: %s", want, line)
		}
	}
}

func (r *matrixRun) expect(want, success string) {
	r.t.Helper()
	body := r.scrape("10")
	if got := numbers(body); got != want {
		r.t.Errorf("exposition shows\n%s\nwant\n%s", got, want)
	}
	if got := value(body, "pod_count_success"); got != success {
		r.t.Errorf("pod_count_success is %s, want %s", got, success)
	}
}

// neverAnotherNumber is the promise of the project.
func (r *matrixRun) neverAnotherNumber(body string) {
	r.t.Helper()
	got := numbers(body)
	switch {
	case got == "", got == shown(r.now):
	case r.c.warm && got == shown(r.before):
	default:
		r.t.Errorf("exposition shows\n%s\nwhich is neither the truth nor the last complete snapshot", got)
	}
}

// numbers gives all counts of an exposition in one comparable text.
func numbers(body string) string {
	var out []string
	for _, family := range []string{"node_active_pods", "pod_count_unscheduled_pods", "pod_count_unknown_node_pods"} {
		for _, line := range series(body, family) {
			label := family
			if i := strings.Index(line, `node="`); i >= 0 {
				label, _, _ = strings.Cut(line[i+len(`node="`):], `"`)
			}
			out = append(out, label+" "+line[strings.LastIndexByte(line, ' ')+1:])
		}
	}
	return strings.Join(out, "\n")
}

// shown is what numbers gives for a truth.
func shown(truth kubesim.Truth) string {
	var out []string
	for _, node := range slices.Sorted(maps.Keys(truth.Pods)) {
		out = append(out, node+" "+strconv.Itoa(truth.Pods[node]))
	}
	return strings.Join(append(out, "pod_count_unscheduled_pods "+strconv.Itoa(truth.Unscheduled),
		"pod_count_unknown_node_pods "+strconv.Itoa(truth.UnknownNode)), "\n")
}
