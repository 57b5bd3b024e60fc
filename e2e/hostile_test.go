//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

const (
	// hostileCopies is how many clusters have each kind of hostile server, by protocol.
	hostileCopies = 2
	// manyCopies is how many there are of one kind.
	manyCopies = 200
	// hostileMemory is what the process may take in all beside them, a tenth more than was
	// measured on a busy machine: the aim, below the 128 MiB that the Deployment ships.
	hostileMemory = 110 << 20
)

// longText is as long as a text may be that is read whole.
const longText = 2_900_000

// pour writes what next returns until nobody reads any more, some MB a second: all
// servers share a process.
func pour(w io.Writer, first string, next func(i int) string) {
	piece := bytes.NewBufferString(first)
	for i := 0; ; {
		for ; piece.Len() < 32<<10; i++ {
			piece.WriteString(next(i))
		}
		if _, err := piece.WriteTo(w); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

const (
	rowsBegin  = `{"kind":"Table","metadata":{"resourceVersion":"7"},"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[`
	itemsBegin = `{"kind":"NodeList","metadata":{"resourceVersion":"7"},"items":[`
)

// hostileAnswers are what servers send to fill the memory of who reads it. Requests for
// nodes and for pods get the same.
func hostileAnswers() map[string]http.HandlerFunc {
	long, value := strings.Repeat("a", 32<<10), strings.Repeat("b", 250<<10)
	same := func(text string) func(int) string { return func(int) string { return text } }
	text := func(first string, next func(int) string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			pour(w, first, next)
		}
	}
	item := func(format string) func(int) string {
		return func(i int) string { return fmt.Sprintf(format, i) + "," }
	}
	whole := func(format string) http.HandlerFunc {
		answer := fmt.Sprintf(format, strings.Repeat("m", longText))
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, answer) // nobody may read it
		}
	}
	head := func(set func(http.Header)) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { set(w.Header()) }
	}
	return map[string]http.HandlerFunc{
		"a string without end":    text(`{"kind":"`, same(long)),
		"a key without end":       text(`{"`, same(long)),
		"white space without end": text("", same(strings.Repeat(" ", 32<<10))),
		"a number without end":    text(`{"kind":`, same(strings.Repeat("1", 32<<10))),
		"arrays without end":      text(`{"items":`, same(strings.Repeat("[", 32<<10))),
		"members without end":     text(`{"a":1`, func(i int) string { return fmt.Sprintf(`,"k%d":%d`, i, i) }),
		"columns without end":     text(`{"kind":"Table","columnDefinitions":[{"name":"Node"}`, func(i int) string { return fmt.Sprintf(`,{"name":"c%d"}`, i) }),
		"cells without end":       text(rowsBegin+`{"cells":["p"`, same(`,"n"`)),
		"names of nodes":          text(itemsBegin, item(`{"metadata":{"name":"made-up-%d"}}`)),
		"long names of nodes":     text(itemsBegin, item(`{"metadata":{"name":"`+long[:240]+`-%d"}}`)),
		"large nodes":             text(itemsBegin, item(`{"metadata":{"name":"n%d"},"status":{"images":"`+value+`"}}`)),
		"very large nodes":        text(itemsBegin, item(`{"metadata":{"name":"n%d"},"status":{"images":"`+strings.Repeat(value, 10)+`"}}`)),
		"a long resourceVersion":  text(`{"kind":"NodeList","metadata":{"resourceVersion":"`, same(long)),
		"a long token":            text(`{"kind":"NodeList","metadata":{"continue":"`, same(long)),
		"a long message":          whole(`{"kind":"Status","code":500,"message":"%s"}`),
		"a long token of a 410":   whole(`{"kind":"Status","metadata":{"continue":"%s"},"code":410}`),
		"a large header":          head(func(h http.Header) { h.Set("X-Long", strings.Repeat("h", 9<<20)) }),
		"many headers": head(func(h http.Header) {
			for i := range 50_000 {
				h.Set(fmt.Sprintf("X-%d", i), "v")
			}
		}),
		"as many headers as are taken": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for i := range 5000 {
				w.Header().Set(fmt.Sprintf("%x", i), "")
			}
			_, _ = io.WriteString(w, itemsBegin)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"informational answers": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.WriteHeader(http.StatusEarlyHints)
				time.Sleep(time.Millisecond)
			}
		},
		"a long error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			pour(w, "<html>", same(long))
		},
		"a large value that stalls": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, itemsBegin+`{"a":"`+value+value) // nobody may read it
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"names in gzip": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			pour(gzip.NewWriter(w), itemsBegin, item(`{"metadata":{"name":"packed-%d"}}`))
		},
		"much at once that stalls": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, itemsBegin+strings.Repeat(`{"metadata":{"name":"n1"}},`, 100_000)) // nobody may read it
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"pages without end": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"kind":"NodeList","metadata":{"resourceVersion":"7","continue":"%d"},"items":[{"metadata":{"name":"n%d"}}]}`,
				time.Now().UnixNano(), time.Now().UnixNano())
		},
	}
}

// hostileServers has a server for each hostile answer, and for each fault of the
// simulated API, by a name.
func hostileServers(t *testing.T) map[string]http.Handler {
	t.Helper()
	servers := map[string]http.Handler{}
	for name, handler := range hostileAnswers() {
		servers[name] = handler
	}
	for _, fault := range kubesim.Faults() {
		script := kubesim.NewScript(kubesim.Rule{Fault: fault, Times: kubesim.Forever})
		sim, err := kubesim.New(kubesim.Config{Cluster: fault.Name, Nodes: 5, Pods: 100, Seed: 1, Intercept: script.Intercept})
		must(t, err)
		servers[fault.Name] = sim
	}
	return servers
}

// hostileKinds has the address of a server of each hostile kind, by its name.
func hostileKinds(t *testing.T) map[string]string {
	t.Helper()
	kinds := map[string]string{}
	for kind, handler := range hostileServers(t) {
		for protocol, address := range bothProtocols(t, handler) {
			kinds[kind+", "+protocol] = address
		}
	}
	for kind, answer := range rawAnswers() {
		kinds[kind] = rawServer(t, answer)
	}
	for kind, frame := range hostileFrames() {
		kinds[kind] = framesServer(t, frame)
	}
	for _, names := range []int{900, 10_000, 60_000} {
		kinds[fmt.Sprintf("certificate with %d names", names)] = certificateServer(t, names)
	}
	kinds["handshake that stalls"] = stalledHandshakes(t)
	return kinds
}

// hostileKubeconfig has a cluster that is well, in a process of its own, and some with
// each kind of hostile server.
func hostileKubeconfig(t *testing.T, kinds map[string]string, copies int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "kubeconfig")
	sim := start(t, filepath.Join(os.Getenv("BIN_DIR"), "kubesim"), "--kubeconfig-out="+path, "--cluster-name=well", "--nodes=50", "--pods=2000")
	sim.await(t, "kubesim: cluster")
	kubeconfig, err := clientcmd.LoadFromFile(path)
	must(t, err)
	for kind, address := range kinds {
		for i := range copies {
			name := fmt.Sprintf("%s, %d", kind, i)
			kubeconfig.Clusters[name] = &clientcmdapi.Cluster{Server: address, InsecureSkipTLSVerify: true}
			kubeconfig.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: kubeconfig.Contexts["well"].AuthInfo}
		}
	}
	must(t, clientcmd.WriteToFile(*kubeconfig, path))
	return path
}

// bothProtocols serves a handler, and returns its addresses by protocol: what HTTP/1.1
// leaves in the kernel, net/http's HTTP/2 keeps in the process until it is read.
func bothProtocols(t *testing.T, handler http.Handler) map[string]string {
	t.Helper()
	plain, multiplexed := httptest.NewUnstartedServer(handler), httptest.NewUnstartedServer(handler)
	multiplexed.EnableHTTP2 = true
	plain.Start()
	multiplexed.StartTLS()
	t.Cleanup(func() { must(t, errors.Join(plain.Config.Close(), multiplexed.Config.Close())) })
	return map[string]string{"HTTP/1.1": plain.URL, "HTTP/2": multiplexed.URL}
}

// TestHostileClusters has hundreds of hostile clusters beside a well one, in one process
// with little memory: the well one is right in every scrape from its first count on, and
// memory stays below the limit of the shipped Deployment.
func TestHostileClusters(t *testing.T) {
	besideHostile(t, hostileKinds(t), hostileCopies)
}

// TestManyOfOneHostileKind has more clusters of the kinds that take the most memory, or
// processor time, for each connection.
func TestManyOfOneHostileKind(t *testing.T) {
	kinds := hostileKinds(t)
	for _, kind := range []string{"settings that a body pays for", "answers that are cut", "handshake that stalls"} {
		t.Run(kind, func(t *testing.T) { besideHostile(t, map[string]string{kind: kinds[kind]}, manyCopies) })
	}
}

// besideHostile counts a well cluster beside so many hostile ones of each kind.
func besideHostile(t *testing.T, kinds map[string]string, copies int) {
	t.Helper()
	t.Setenv("GOMEMLIMIT", "128MiB")
	started := time.Now()
	e := startExporter(t, hostileKubeconfig(t, kinds, copies), "--kubernetes.all-contexts", "--collector.cache-ttl=2s", "--collector.page-timeout=5s")
	scrape := func() (pods float64, nodes int, success float64) {
		got := e.scrapeAt(t, "/metrics?cluster[]=well", "10")
		for _, n := range got.by(t, "node_active_pods", "node") {
			pods += n
			nodes++
		}
		return pods, nodes, got.value(t, "pod_count_success")
	}
	eventually(t, "the well cluster's first count", func() bool {
		_, _, success := scrape()
		return success == 1
	})
	first, scrapes := time.Since(started), 0
	for began := time.Now(); time.Since(began) < hostileTime; scrapes++ {
		if pods, nodes, success := scrape(); pods != 2000 || nodes != 50 || success != 1 {
			t.Errorf("scrape %d: %v pods on %d nodes, success %v, want 2000 on 50, success 1", scrapes, pods, nodes, success)
		}
		e.discard(t, "/metrics", "2")
	}
	peak := e.peakMemory(t)
	t.Logf("%d hostile clusters: the well one counted after %s, then right in %d scrapes; peak %d MiB", copies*len(kinds), first.Round(time.Millisecond), scrapes, peak>>20)
	if peak > hostileMemory {
		t.Errorf("peak memory of %d MiB, want at most %d", peak>>20, hostileMemory>>20)
	}
}

// discard scrapes, and reads no number.
func (e *exporter) discard(t *testing.T, path, seconds string) {
	t.Helper()
	response := e.ask(t, path, seconds)
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%s: %s, error %v", path, response.Status, err)
	}
	must(t, response.Body.Close())
}
