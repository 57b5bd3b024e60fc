package kubesim

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
)

// TestWalkIsTruth walks clusters of many shapes, page by page.
func TestWalkIsTruth(t *testing.T) {
	for _, tc := range []struct {
		name  string
		edit  func(*Config)
		limit int
	}{
		{"default", nil, 500},
		{"small, one row a page", small, 1},
		{"small, seven rows a page", small, 7},
		{"small, one page", small, 100000},
		{"no pods", func(c *Config) { c.Pods, c.Finished, c.Unscheduled = 0, 0, 0 }, 500},
		{"no nodes", func(c *Config) { c.Nodes, c.Pods, c.Finished, c.UnknownNode = 0, 0, 0, 3 }, 2},
		{"one pod", func(c *Config) { c.Nodes, c.Pods, c.Finished, c.Unscheduled = 1, 1, 0, 0 }, 500},
		{"finished only", func(c *Config) { c.Pods, c.Finished, c.Unscheduled = 0, 500, 0 }, 100},
		{"one namespace of many blocks", func(c *Config) { c.Pods, c.Namespaces = 9000, []string{"all"} }, 5000},
		{"namespaces that are prefixes", func(c *Config) { small(c); c.Namespaces = []string{"web", "web-2", "we"} }, 10},
		{"crowded nodes", func(c *Config) { c.Nodes, c.Pods = 2, 400 }, 99},
	} {
		for _, accept := range []string{acceptTable, acceptPlain} {
			t.Run(tc.name+", "+accept, func(t *testing.T) {
				s := newServer(t, tc.edit)
				if accept == acceptPlain && s.podBase.Len() > 2000 {
					t.Skip("whole pods take long")
				}
				pages := pagesOf(t, s, "/api/v1/pods", accept, tc.limit, nil, "fieldSelector", unfinished)
				compare(t, nodesOf(pages), s.Truth())
				if got := s.Truth().ActivePods; got != s.cfg.Pods {
					t.Errorf("the truth has %d active pods, want the %d configured", got, s.cfg.Pods)
				}
			})
		}
	}
}

func TestNodesHoldTheirPods(t *testing.T) {
	s := newServer(t, func(c *Config) { c.EmptyNodes = 4 })
	truth, empty := s.Truth(), 0
	for name, pods := range truth.Pods {
		if pods > truth.Allocatable[name] {
			t.Errorf("node %s has %d pods, more than the %d it can hold", name, pods, truth.Allocatable[name])
		}
		if pods == 0 {
			empty++
		}
	}
	if len(truth.Pods) != DefaultNodes || empty != 4 {
		t.Errorf("%d nodes, %d of them empty, want %d and 4", len(truth.Pods), empty, DefaultNodes)
	}
	var list corev1.NodeList
	if err := json.Unmarshal(ask(t, s, "/api/v1/nodes", acceptPlain).Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	for _, n := range list.Items {
		if got := int(n.Status.Allocatable.Pods().Value()); got != truth.Allocatable[n.Name] {
			t.Errorf("node %s says it can hold %d pods, the truth %d", n.Name, got, truth.Allocatable[n.Name])
		}
	}
}

// TestConsistentWhileChanging changes the cluster after every page and expects
// the counts of the walk's own resourceVersion.
func TestConsistentWhileChanging(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			s := newServer(t, func(c *Config) { small(c); c.Seed = seed })
			step := uint64(0)
			churn := func() {
				for range 5 {
					s.Churn(step)
					step++
				}
			}
			for range 3 {
				pages := pagesOf(t, s, "/api/v1/pods", acceptTable, 50, churn, "fieldSelector", unfinished)
				version, err := strconv.ParseInt(pages[0].Metadata.ResourceVersion, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				compare(t, nodesOf(pages), s.TruthAt(version))
				if version == s.Version() {
					t.Error("nothing has changed during the walk")
				}
				s.Compact()
			}
			pages := pagesOf(t, s, "/api/v1/pods", acceptTable, 50, nil, "fieldSelector", unfinished)
			compare(t, nodesOf(pages), s.Truth())
		})
	}
}

func TestDeterministicBySeed(t *testing.T) {
	body := func(t *testing.T, seed uint64) string {
		s := newServer(t, func(c *Config) { small(c); c.Seed = seed })
		for n := range uint64(20) {
			s.Churn(n)
		}
		return ask(t, s, "/api/v1/pods", acceptTable, "includeObject", "None").Body.String() +
			ask(t, s, "/api/v1/nodes", acceptTable, "includeObject", "None").Body.String()
	}
	synctest.Test(t, func(t *testing.T) { // ages are shown in seconds
		first, again, other := body(t, 5), body(t, 5), body(t, 6)
		if first != again {
			t.Error("two clusters with the same seed differ")
		}
		if first == other {
			t.Error("two clusters with different seeds are the same")
		}
	})
}

func TestSelectors(t *testing.T) {
	s := newServer(t, small)
	all := askList(t, s, "/api/v1/pods", acceptPlain).Items
	node, name := s.NodeNames()[3], all[17].Name
	for _, tc := range []struct {
		selector string
		want     func(corev1.Pod) bool
	}{
		{"", func(corev1.Pod) bool { return true }},
		{"status.phase=Failed", func(p corev1.Pod) bool { return p.Status.Phase == corev1.PodFailed }},
		{"status.phase!=Running", func(p corev1.Pod) bool { return p.Status.Phase != corev1.PodRunning }},
		{"spec.nodeName=" + node, func(p corev1.Pod) bool { return p.Spec.NodeName == node }},
		{"spec.nodeName!=" + node, func(p corev1.Pod) bool { return p.Spec.NodeName != node }},
		{"spec.nodeName=", func(p corev1.Pod) bool { return p.Spec.NodeName == "" }},
		{"spec.nodeName!=," + unfinished, func(p corev1.Pod) bool {
			return p.Spec.NodeName != "" && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed
		}},
		{"metadata.name=" + name, func(p corev1.Pod) bool { return p.Name == name }},
		{"metadata.namespace!=ads,spec.restartPolicy=Always", func(p corev1.Pod) bool { return p.Namespace != "ads" }},
		{"status.podIP=", func(p corev1.Pod) bool { return p.Status.PodIP == "" }},
		{"spec.hostNetwork=true", func(corev1.Pod) bool { return false }},
	} {
		t.Run(tc.selector, func(t *testing.T) {
			want := 0
			for _, p := range all {
				if tc.want(p) {
					want++
				}
			}
			if got := len(askList(t, s, "/api/v1/pods", acceptTable, "fieldSelector", tc.selector).Rows); got != want {
				t.Errorf("%d rows, want %d", got, want)
			}
		})
	}
}

func TestNamespacedList(t *testing.T) {
	s := newServer(t, func(c *Config) { small(c); c.Namespaces = []string{"web", "web-2", "we"} })
	total := 0
	for _, ns := range []string{"we", "web", "web-2"} {
		pages := pagesOf(t, s, "/api/v1/namespaces/"+ns+"/pods", acceptPlain, 13, nil)
		for _, p := range pages {
			total += len(p.Items)
			for _, pod := range p.Items {
				if pod.Namespace != ns {
					t.Errorf("pod %s/%s in the list of namespace %s", pod.Namespace, pod.Name, ns)
				}
			}
		}
	}
	if want := s.podBase.Len(); total != want {
		t.Errorf("%d pods in all namespaces together, want %d", total, want)
	}
	if got := askList(t, s, "/api/v1/namespaces/none/pods", acceptPlain); len(got.Items) != 0 {
		t.Errorf("%d pods in a namespace that does not exist", len(got.Items))
	}
}

// TestNamespacedTruth compares lists of namespaces at an old resourceVersion with the
// truth at that version.
func TestNamespacedTruth(t *testing.T) {
	s := newServer(t, func(c *Config) { small(c); c.Namespaces = []string{"web", "web-2", "we"} })
	churn := func() {
		for n := range uint64(40) {
			s.Churn(n * 7)
		}
	}
	churn()
	version := s.Version()
	churn()
	if version == s.Version() {
		t.Fatal("nothing has changed")
	}
	exact := []string{"fieldSelector", unfinished, "resourceVersion", strconv.FormatInt(version, 10), "resourceVersionMatch", "Exact"}
	sum := 0
	for _, ns := range []string{"we", "web", "web-2", "none"} {
		list := askList(t, s, "/api/v1/namespaces/"+ns+"/pods", acceptTable, exact...)
		compare(t, nodesOf([]answer{list}), s.TruthAt(version, ns))
		sum += s.TruthAt(version, ns).ActivePods
	}
	if want := s.TruthAt(version).ActivePods; sum != want {
		t.Errorf("%d active pods in the namespaces one by one, want %d", sum, want)
	}
	var both []answer
	for _, ns := range []string{"we", "web-2"} {
		both = append(both, pagesOf(t, s, "/api/v1/namespaces/"+ns+"/pods", acceptTable, 13, nil, "fieldSelector", unfinished)...)
	}
	compare(t, nodesOf(both), s.Truth("we", "web-2"))
}

// TestKeysAscend checks what paging relies on: keys in order, none twice.
func TestKeysAscend(t *testing.T) {
	for _, pods := range []int{1, 63, 64, 65, 5000, 300_000} {
		t.Run(fmt.Sprint(pods, " pods"), func(t *testing.T) {
			s := newServer(t, func(c *Config) { c.Nodes, c.Pods, c.Namespaces = 50, pods, []string{"a", "a-b", "ab"} })
			last := ""
			for i := range s.podBase.Len() {
				key, _ := s.podBase.At(i)
				if key <= last {
					t.Fatalf("key %d %q after %q", i, key, last)
				}
				last = key
			}
		})
	}
}

func TestSizes(t *testing.T) {
	s := newServer(t, nil)
	for _, tc := range []struct {
		name, path, accept string
		rows               int
		least, most        int // bytes per row
	}{
		{"pod row", "/api/v1/pods", acceptTable, 2000, 130, 160},
		{"pod JSON", "/api/v1/pods", acceptPlain, 200, 5500, 7200},
		{"pod protobuf", "/api/v1/pods", acceptProtobuf, 200, 3500, 4500},
		{"node JSON", "/api/v1/nodes", acceptPlain, 100, 12000, 15000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(t, s, tc.path, tc.accept, "limit", strconv.Itoa(tc.rows), "includeObject", "None")
			if per := w.Body.Len() / tc.rows; per < tc.least || per > tc.most {
				t.Errorf("%d bytes per row, want %d to %d", per, tc.least, tc.most)
			}
		})
	}
}

func TestProtobuf(t *testing.T) {
	s := newServer(t, small)
	body := ask(t, s, "/api/v1/pods", acceptProtobuf, "limit", "100").Body.Bytes()
	var envelope k8sruntime.Unknown
	if err := envelope.Unmarshal(body[len(protobufMagic):]); err != nil {
		t.Fatal(err)
	}
	var got corev1.PodList
	if err := got.Unmarshal(envelope.Raw); err != nil {
		t.Fatal(err)
	}
	want := askList(t, s, "/api/v1/pods", acceptPlain, "limit", "100")
	if envelope.Kind != "PodList" || got.Continue != want.Metadata.Continue || *got.RemainingItemCount != int64(*want.Metadata.RemainingItemCount) {
		t.Errorf("protobuf %s with metadata %+v, JSON has %+v", envelope.Kind, got.ListMeta, want.Metadata)
	}
	same := func(a, b corev1.Pod) bool {
		return a.Name == b.Name && a.Spec.NodeName == b.Spec.NodeName && a.Status.Phase == b.Status.Phase
	}
	if !slices.EqualFunc(got.Items, want.Items, same) {
		t.Error("protobuf holds other pods than JSON")
	}
}

func TestCompression(t *testing.T) {
	s := newServer(t, nil)
	for _, tc := range []struct {
		name     string
		limit    string
		accept   string
		encoding string
	}{
		{"large and asked for", "5000", "gzip", "gzip"},
		{"large and not asked for", "5000", "identity", ""},
		{"small and asked for", "100", "gzip", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/pods?includeObject=None&limit="+tc.limit, nil)
			r.Header.Set("Accept", acceptTable)
			r.Header.Set("Accept-Encoding", tc.accept)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if got := w.Header().Get("Content-Encoding"); got != tc.encoding {
				t.Fatalf("Content-Encoding %q, want %q", got, tc.encoding)
			}
			body := io.Reader(w.Body)
			if tc.encoding == "gzip" {
				z, err := gzip.NewReader(body)
				if err != nil {
					t.Fatal(err)
				}
				body = z
			}
			data, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			if got := strconv.Itoa(len(decode(t, data).Rows)); got != tc.limit {
				t.Errorf("%s rows, want %s", got, tc.limit)
			}
		})
	}
}

// TestMillionPods lists a million pods and watches the heap: rows are made, not
// kept.
func TestMillionPods(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const pods, most = 1_000_000, 24 << 20
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := newServer(t, func(c *Config) { c.Nodes, c.Pods = 10_000, pods })
	rows, peak := 0, uint64(0)
	for token, page := "", 1; token != "" || page == 1; page++ {
		counted := &rowCounter{header: http.Header{}}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet,
			"/api/v1/pods?includeObject=None&limit=10000&fieldSelector="+unfinished+"&continue="+token, nil)
		r.Header.Set("Accept", acceptTable)
		s.ServeHTTP(counted, r)
		rows, token = rows+counted.rows, counted.token
		if page%20 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&during)
			peak = max(peak, during.HeapAlloc)
		}
	}
	if want := pods + DefaultUnscheduled; rows != want {
		t.Errorf("%d rows, want %d", rows, want)
	}
	if grown := int64(peak) - int64(before.HeapAlloc); grown > most {
		t.Errorf("the heap has grown by %d bytes, want at most %d", grown, most)
	}
}

// rowCounter counts the rows of a Table and keeps nothing but its token.
type rowCounter struct {
	header http.Header
	rows   int
	token  string
	begun  bool
}

func (c *rowCounter) Header() http.Header { return c.header }
func (c *rowCounter) WriteHeader(int)     {}
func (c *rowCounter) Write(p []byte) (int, error) {
	if !c.begun {
		_, rest, _ := strings.Cut(string(p[:1000]), `"continue":"`)
		c.token, _, _ = strings.Cut(rest, `"`)
		c.begun = true
	}
	c.rows += strings.Count(string(p), `"object":null`)
	return len(p), nil
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rows, remaining int
		s := newServer(t, func(c *Config) {
			small(c)
			c.Latency = func(r, left int) time.Duration {
				rows, remaining = r, left
				return 10 * time.Second
			}
		})
		for _, tc := range []struct {
			name    string
			timeout string
			code    int
			took    time.Duration
		}{
			{"no timeout", "0s", 200, 10 * time.Second},
			{"time enough", "11s", 200, 10 * time.Second},
			{"too little time", "9s", 504, 9 * time.Second},
		} {
			start := time.Now()
			w := ask(t, s, "/api/v1/pods", acceptTable, "limit", "7", "timeout", tc.timeout)
			if took := time.Since(start); w.Code != tc.code || took != tc.took {
				t.Errorf("%s: status %d after %v, want %d after %v", tc.name, w.Code, took, tc.code, tc.took)
			}
			if rows != 7 || remaining != s.podBase.Len() {
				t.Errorf("%s: latency of %d rows and %d left, want 7 and %d", tc.name, rows, remaining, s.podBase.Len())
			}
		}
	})
}

func TestClientGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, func(c *Config) { c.Latency = func(int, int) time.Duration { return time.Hour } })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/pods", nil))
		if w.Body.Len() > 0 && w.Code == http.StatusOK {
			t.Errorf("status %d with %d bytes for a client that is gone", w.Code, w.Body.Len())
		}
	})
}

func TestTokenLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, func(c *Config) { small(c); c.TokenLife = time.Minute })
		first := askList(t, s, "/api/v1/pods", acceptTable, "limit", "100")
		next := func(token string) answer {
			return askList(t, s, "/api/v1/pods", acceptTable, "limit", "100", "continue", token)
		}
		time.Sleep(59 * time.Second)
		if second := next(first.Metadata.Continue); second.Metadata.ResourceVersion != first.Metadata.ResourceVersion {
			t.Errorf("after 59 s: %s %s, want the second page of the same version", second.Kind, second.Message)
		}
		time.Sleep(time.Second)
		late := next(first.Metadata.Continue)
		if late.Code != http.StatusGone || late.Reason != "Expired" || late.Metadata.Continue == "" {
			t.Fatalf("after 60 s: code %d, reason %q, token %q", late.Code, late.Reason, late.Metadata.Continue)
		}
		on := next(late.Metadata.Continue)
		if len(on.Rows) != 100 || on.Metadata.ResourceVersion <= first.Metadata.ResourceVersion {
			t.Errorf("the fresh token gives %d rows of version %s", len(on.Rows), on.Metadata.ResourceVersion)
		}
	})
}
