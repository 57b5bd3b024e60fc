package main

import (
	"time"
)

// What --output=json and yaml write. The fields that the exporter's JSON API has
// too are called the same; docs/kubectl-plugin.md describes all. What is not known
// is left out.

type document struct {
	Clusters []clusterDocument `json:"clusters"`
}

type clusterDocument struct {
	Cluster string `json:"cluster"`
	Error   string `json:"error,omitempty"`
	Reason  string `json:"reason,omitempty"`

	*countDocument
}

type countDocument struct {
	NodeCount       int            `json:"nodeCount"`
	ActivePods      int            `json:"activePods"`
	AllocatablePods *int64         `json:"allocatablePods,omitempty"`
	FreePods        *int64         `json:"freePods,omitempty"`
	UsedPercent     *int           `json:"usedPercent,omitempty"`
	UnscheduledPods *int           `json:"unscheduledPods,omitempty"`
	UnknownNodePods *int           `json:"unknownNodePods,omitempty"`
	Consistent      bool           `json:"consistent"`
	ResourceVersion string         `json:"resourceVersion,omitempty"`
	Pages           int            `json:"pages"`
	ResponseBytes   int64          `json:"responseBytes"`
	DurationSeconds float64        `json:"durationSeconds"`
	CountedAt       time.Time      `json:"countedAt"`
	Nodes           []nodeDocument `json:"nodes,omitzero"`
	Fullness        []binDocument  `json:"fullness,omitempty"`
	FullnessUnknown *int           `json:"fullnessUnknown,omitempty"`
}

type nodeDocument struct {
	Name            string `json:"name"`
	ActivePods      int    `json:"activePods"`
	AllocatablePods *int64 `json:"allocatablePods,omitempty"`
	FreePods        *int64 `json:"freePods,omitempty"`
	UsedPercent     *int   `json:"usedPercent,omitempty"`
}

// binDocument is how many nodes are full from one percentage up to another, which
// the last bin has none of.
type binDocument struct {
	FromPercent int  `json:"fromPercent"`
	ToPercent   *int `json:"toPercent,omitempty"`
	Nodes       int  `json:"nodes"`
}

func (o *options) document(results []*result) document {
	doc := document{Clusters: []clusterDocument{}}
	for _, r := range results {
		c := clusterDocument{Cluster: r.name, Reason: r.reason()}
		if r.err != nil {
			c.Error = inOwnFlags(r.err.Error())
		}
		if r.snapshot != nil {
			c.countDocument = o.countDocument(r)
		}
		doc.Clusters = append(doc.Clusters, c)
	}
	return doc
}

func (o *options) countDocument(r *result) *countDocument {
	s, t := r.snapshot, totalsOf(r)
	doc := &countDocument{
		NodeCount: *t.nodes, ActivePods: *t.active, AllocatablePods: t.allocatable, FreePods: t.free, UsedPercent: t.full,
		UnscheduledPods: t.unscheduled, UnknownNodePods: t.unknownNode,
		Consistent: s.Consistent, ResourceVersion: s.ResourceVersion, Pages: s.Pages, ResponseBytes: s.Bytes,
		DurationSeconds: s.Duration.Seconds(), CountedAt: s.Time.UTC(),
	}
	rows := o.rows([]*result{r})
	if o.summary {
		doc.addFullness(fullnessOf(rows))
		return doc
	}
	doc.Nodes = []nodeDocument{}
	for _, one := range rows {
		doc.Nodes = append(doc.Nodes, nodeDocument{
			Name: one.Name, ActivePods: one.ActivePods, AllocatablePods: known(one.AllocatablePods, one.HasAllocatable),
			FreePods: known(one.free()), UsedPercent: known(one.percent()),
		})
	}
	return doc
}

func (d *countDocument) addFullness(f fullness) {
	d.FullnessUnknown = &f.other
	for i, nodes := range f.bins {
		one := binDocument{FromPercent: i * binPercent, Nodes: nodes}
		if i < fullBin {
			to := (i + 1) * binPercent
			one.ToPercent = &to
		}
		d.Fullness = append(d.Fullness, one)
	}
}
