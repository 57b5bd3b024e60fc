package collector

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// gatheredWhole is the prometheus.Collector of a whole exposition: what the exporter
// writes part by part is compared with it.
type gatheredWhole struct{ exposition }

func (g gatheredWhole) Collect(ch chan<- prometheus.Metric) {
	g.exposition.Collect(ch)
	for _, v := range g.views {
		if !v.Shown() {
			continue
		}
		for _, family := range g.families.nodes {
			for _, node := range v.Snapshot.Nodes {
				if value, known := family.value(node); known {
					desc := gauge(family.name, family.help, "node")
					ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, v.Cluster, node.Name)
				}
			}
		}
	}
}

// nodesOfParts are clusters' nodes around the size of a part, with values and without,
// and with names that the formats write in their own way.
func nodesOfParts() map[string][]podcount.Node {
	clusters := map[string][]podcount.Node{"none": nil, "one": {{Name: "n", ActivePods: 7}}}
	for _, size := range []int{partSeries - 1, partSeries, partSeries + 1, 3 * partSeries} {
		var nodes []podcount.Node
		for i := range size {
			name := fmt.Sprintf("node-%05d\n# \"\\é", i)
			nodes = append(nodes, podcount.Node{Name: name, ActivePods: i, AllocatablePods: 110, HasAllocatable: i%3 > 0 && i < 2*partSeries})
		}
		clusters[fmt.Sprintf("%d \"nodes\"", size)] = nodes
	}
	return clusters
}

func (e *exporter) gatheredWhole(t *testing.T) prometheus.Gatherer {
	t.Helper()
	all := gatheredWhole{exposition{families: e.metrics}}
	for _, one := range e.Store.Clusters() {
		all.views = append(all.views, one.View())
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(all, configMetrics{e.Collector})
	return registry
}

// compareMessages compares two answers in delimited protobuf.
func compareMessages(t *testing.T, got, want io.Reader) {
	t.Helper()
	gotReader, wantReader := bufio.NewReader(got), bufio.NewReader(want)
	for families := 0; ; families++ {
		var one, other dto.MetricFamily
		errOne, errOther := protodelim.UnmarshalFrom(gotReader, &one), protodelim.UnmarshalFrom(wantReader, &other)
		if errors.Is(errOne, io.EOF) && errors.Is(errOther, io.EOF) && families > 0 {
			return
		}
		if err := errors.Join(errOne, errOther); err != nil || !proto.Equal(&one, &other) {
			t.Fatalf("family %d: %v, %s with %d series, want %s with %d", families, err, one.GetName(), len(one.GetMetric()), other.GetName(), len(other.GetMetric()))
		}
	}
}

// TestExpositionFormats compares the exposition in each format with that of promhttp,
// which gathers all of it first.
func TestExpositionFormats(t *testing.T) {
	const delimited = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	for _, tt := range []struct{ name, accept, query string }{
		{"text", "text/plain", ""},
		{"nothing said", "", ""},
		{"OpenMetrics", "application/openmetrics-text;version=1.0.0", ""},
		{"the first OpenMetrics", "application/openmetrics-text;version=0.0.1", ""},
		{"protobuf", delimited, ""},
		{"as Prometheus asks", delimited + ";q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", ""},
		{"some families", "text/plain", "?name[]=node_allocatable_pods&name[]=pod_count_success"},
		{"a family of nodes in protobuf", delimited, "?name[]=node_active_pods"},
		{"an unknown family", "text/plain", "?name[]=other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e := empty(t, steady())
				var targets []store.Target
				for name, nodes := range nodesOfParts() {
					targets = append(targets, store.Target{Name: name, Counter: shownAs{podcount.Snapshot{Nodes: nodes}}})
				}
				targets = append(targets, store.Target{Name: "failing", Counter: &scripted{err: errors.New("no")}})
				e.Store.Set(targets...)
				e.scrape("10")
				r := request(t.Context(), "/metrics"+tt.query)
				r.Header.Set("Accept", tt.accept)
				got, want := httptest.NewRecorder(), httptest.NewRecorder()
				e.handler.ServeHTTP(got, r)
				promhttp.HandlerFor(e.gatheredWhole(t), promhttp.HandlerOpts{EnableOpenMetrics: true, DisableCompression: true}).ServeHTTP(want, r)
				if vary := want.Header().Get("Vary"); !slices.Contains(got.Header().Values("Vary"), vary) {
					t.Errorf("Vary is %q, want %q", got.Header().Values("Vary"), vary)
				}
				if got.Code != http.StatusOK || got.Header().Get("Content-Type") != want.Header().Get("Content-Type") {
					t.Errorf("%d, %s, want %s", got.Code, got.Header().Get("Content-Type"), want.Header().Get("Content-Type"))
				}
				if strings.Contains(got.Header().Get("Content-Type"), "delimited") {
					compareMessages(t, got.Body, want.Body)
				} else if got.Body.String() != want.Body.String() {
					t.Errorf("%d bytes of text that differ from the %d of promhttp", got.Body.Len(), want.Body.Len())
				}
			})
		})
	}
}
