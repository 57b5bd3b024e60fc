package page

import (
	"fmt"
	"math"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// bins is the number of columns: tenths of the allocatable pods, and one for full
// nodes.
const bins = 11

// column is one of a histogram.
type column struct {
	Label  string // 0–10 %
	Count  string
	Nodes  string  // the count with its noun
	Height float64 // of 100
	Y      float64 // from the top
	Level  string
}

// histogram says how many nodes are how full. Unknown is the number of nodes without
// allocatable pods.
type histogram struct {
	Columns []column
	Unknown string // empty when there is none
	Known   bool   // any column has a node
}

func histogramOf(nodes []podcount.Node) histogram {
	var counts [bins]int
	most, unknownNodes := 0, 0
	for _, node := range nodes {
		share := fullness(node)
		if share < 0 {
			unknownNodes++
			continue
		}
		at := int(min(math.Floor(share*(bins-1)), bins-1))
		counts[at]++
		most = max(most, counts[at])
	}
	h := histogram{Known: most > 0}
	for i, count := range counts {
		c := column{
			Label: fmt.Sprintf("%d–%d %%", i*10, (i+1)*10), Count: number(count), Nodes: plural(count, "node"),
			Height: 100 * float64(count) / float64(max(most, 1)), Level: levelOf(float64(i) / (bins - 1)),
		}
		if i == bins-1 {
			c.Label = "full"
		}
		if count > 0 {
			c.Height = max(c.Height, 2) // one node among thousands must be visible
		}
		c.Y = 100 - c.Height
		h.Columns = append(h.Columns, c)
	}
	if unknownNodes > 0 {
		h.Unknown = plural(unknownNodes, "node")
	}
	return h
}
