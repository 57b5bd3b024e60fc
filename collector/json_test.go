package collector

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// wholeNodes is the answer that encoding/json makes in one piece.
func wholeNodes(t *testing.T, v store.View) string {
	t.Helper()
	nodes := []nodeAnswer{}
	for _, node := range v.Snapshot.Nodes {
		one := nodeAnswer{Name: node.Name, ActivePods: node.ActivePods}
		if node.HasAllocatable {
			one.AllocatablePods = &node.AllocatablePods
		}
		nodes = append(nodes, one)
	}
	text, err := json.Marshal(nodesAnswer{clusterAnswer: clusterOf(v), Nodes: nodes})
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// randomNodes have names of all kinds of characters, those that JSON escapes among them,
// and bytes that are no text.
func randomNodes(random *rand.Rand, size int) []podcount.Node {
	pieces := []string{"node", "-", "0", "[", "]", "{}", ",", `"`, `\`, "<", ">", "&", "\n", "\x00", "é", "\u2028", "\U0001f600", "\xff"}
	nodes := make([]podcount.Node, size)
	for i := range nodes {
		var name strings.Builder
		for range random.IntN(12) {
			name.WriteString(pieces[random.IntN(len(pieces))])
		}
		nodes[i] = podcount.Node{
			Name: name.String(), ActivePods: random.IntN(200),
			AllocatablePods: random.Int64N(500), HasAllocatable: random.IntN(3) > 0,
		}
	}
	return nodes
}

// TestNodesArePartsOfOneDocument compares answers, which are written part by part, with
// those that encoding/json makes of the same snapshots.
func TestNodesArePartsOfOneDocument(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	compare := func(nodes []podcount.Node) {
		v := store.View{Cluster: "<one>", State: store.Fresh, Success: true, Snapshot: &podcount.Snapshot{Nodes: nodes, Time: time.Unix(1, 0)}}
		answer := httptest.NewRecorder()
		writeNodes(answer, v)
		if got, want := answer.Body.String(), wholeNodes(t, v); got != want {
			t.Errorf("%d nodes: got\n%.2000s\nwant\n%.2000s", len(nodes), got, want)
		}
	}
	for range 300 {
		compare(randomNodes(random, random.IntN(10)))
	}
	for _, nodes := range nodesOfParts() {
		compare(nodes)
	}
	for _, size := range []int{partSeries - 1, partSeries, partSeries + 1, 2 * partSeries, 2*partSeries + 7} {
		compare(randomNodes(random, size))
	}
}

// pieces is an answer of which only the size and the largest piece are kept.
type pieces struct {
	http.ResponseWriter
	size, largest int
}

func (p *pieces) Write(b []byte) (int, error) {
	p.size += len(b)
	p.largest = max(p.largest, len(b))
	return len(b), nil
}

// TestManyNodesInSmallParts has a cluster of many nodes with long names, each byte of which
// takes six in JSON: what is made of them at a time does not grow with their number.
func TestManyNodesInSmallParts(t *testing.T) {
	nodes := make([]podcount.Node, 50_000)
	for i := range nodes {
		nodes[i] = podcount.Node{Name: fmt.Sprintf("%s%06d", strings.Repeat("<", 247), i), AllocatablePods: 110, HasAllocatable: true}
	}
	v := store.View{Cluster: "one", State: store.Fresh, Snapshot: &podcount.Snapshot{Nodes: nodes}}
	answer := &pieces{ResponseWriter: httptest.NewRecorder()}
	writeNodes(answer, v)
	if answer.size < 50_000*6*247 || answer.largest > 1<<20 {
		t.Errorf("the largest piece of %d bytes has %d", answer.size, answer.largest)
	}
}
