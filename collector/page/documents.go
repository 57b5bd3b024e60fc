package page

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
)

// Rows of one document. There may be thousands of nodes; the filter and the further
// pages show the others.
const (
	clustersAtOnce = 100
	nodesAtOnce    = 200
	few            = 20 // rows that need no filter
)

// frame is what every document contains.
type frame struct {
	Title string
	About About
	Busy  bool // a count is running: the script reloads more often
}

// missing is a document that says why there is nothing to show.
type missing struct {
	frame
	Text string
}

func (p *Page) missing(title, text string) missing {
	return missing{frame: frame{Title: title, About: p.about}, Text: text}
}

// overview is the document of all clusters.
type overview struct {
	frame
	Lead           string
	Well           bool
	Facts          []fact
	Unwell, Others []clusterRow
	Fullest        []nodeRow
	Filter         filter
}

type fact struct{ Name, Value string }

func (p *Page) overview(clusters []Cluster, query url.Values) overview {
	unwell := 0
	busy := false
	for _, c := range clusters {
		if c.condition().unwell() {
			unwell++
		}
		busy = busy || !c.Progress.Since.IsZero()
	}
	d := overview{Lead: lead(unwell, len(clusters)), Well: unwell == 0 && len(clusters) > 0, Facts: facts(clusters)}
	d.frame = frame{Title: d.Lead, About: p.about, Busy: busy}
	part := query.Get("filter")
	found := slices.DeleteFunc(slices.Clone(clusters), func(c Cluster) bool { return !contains(c.Cluster, part) })
	d.Fullest = fullest(found)
	slices.SortStableFunc(found, compare)
	d.Filter = newFilter(query, len(found), len(clusters), clustersAtOnce, "cluster")
	for _, c := range found[d.Filter.from:d.Filter.to] {
		if c.condition().unwell() {
			d.Unwell = append(d.Unwell, p.row(c))
		} else {
			d.Others = append(d.Others, p.row(c))
		}
	}
	return d
}

func lead(unwell, all int) string {
	switch {
	case all == 0:
		return "There are no clusters to count"
	case unwell == 0 && all == 1:
		return "The cluster is well"
	case unwell == 0:
		return fmt.Sprintf("All %s clusters are well", number(all))
	case unwell == 1:
		return fmt.Sprintf("1 of %s needs attention", plural(all, "cluster"))
	}
	return fmt.Sprintf("%s of %s need attention", number(unwell), plural(all, "cluster"))
}

// facts returns the sums over everything that is shown.
func facts(clusters []Cluster) []fact {
	nodes, active, unscheduled, full, high := 0, 0, 0, 0, 0
	for _, c := range clusters {
		if !c.Shown() {
			continue
		}
		nodes += len(c.Snapshot.Nodes)
		active += c.Snapshot.ActivePods()
		unscheduled += c.Snapshot.UnscheduledPods
		for _, node := range c.Snapshot.Nodes {
			switch levelOf(fullness(node)) {
			case "full":
				full++
			case "high":
				high++
			}
		}
	}
	return []fact{
		{"Clusters", number(len(clusters))}, {"Nodes", number(nodes)}, {"Active pods", number(active)},
		{"Full nodes", number(full)}, {"Nearly full nodes", number(high)}, {"Pods without a node", number(unscheduled)},
	}
}

// clusterDocument is the document of one cluster.
type clusterDocument struct {
	frame
	Cluster   clusterRow
	Metrics   string // their path
	Facts     []fact
	Failure   *failure // the latest; nil if there was none
	Histogram histogram
	Nodes     []nodeRow
	Filter    filter
}

// failure describes the last count that ended incomplete.
type failure struct {
	At     moment
	Ago    string
	Reason string
	Text   string
	Advice string
}

func (p *Page) cluster(c Cluster, query url.Values) clusterDocument {
	d := clusterDocument{Cluster: p.row(c), Metrics: p.about.Metrics, Failure: p.failure(c.LastFailure)}
	d.frame = frame{Title: d.Cluster.Name + " is " + d.Cluster.State, About: p.about, Busy: d.Cluster.Progress != nil}
	if c.condition() == unusable {
		d.Title = d.Cluster.Name + " cannot be used"
	}
	d.Facts = p.factsOf(c, d.Cluster)
	if !c.Shown() {
		return d
	}
	d.Histogram = histogramOf(c.Snapshot.Nodes)
	found := matching(c.Snapshot.Nodes, query.Get("filter"))
	d.Filter = newFilter(query, len(found), len(c.Snapshot.Nodes), nodesAtOnce, "node")
	most := mostPods(found)
	for _, node := range fullestOf(found, d.Filter.to)[d.Filter.from:] {
		d.Nodes = append(d.Nodes, rowOf(*node, most))
	}
	return d
}

func (p *Page) failure(last *Failure) *failure {
	if last == nil {
		return nil
	}
	return &failure{At: p.moment(last.Time), Ago: p.ago(last.Time), Reason: last.Reason, Text: printable(last.Text), Advice: adviceOn(last.Reason, last.Redirected)}
}

// factsOf returns the facts of the last complete count; none before the first.
func (p *Page) factsOf(c Cluster, row clusterRow) []fact {
	if c.Snapshot == nil {
		return nil
	}
	list := []fact{
		{"Age", row.Age}, {"Nodes", row.Nodes}, {"Active pods", row.Active}, {"Allocatable", row.Allocatable},
		{"Without a node", row.Unscheduled}, {"On unknown nodes", row.UnknownNode},
		{"Pages", row.Pages}, {"Duration", row.Took}, {"Received", row.Received},
		{"Mode", row.Mode}, {"Source", row.Source},
	}
	if c.Shown() {
		consistent := "yes"
		if !c.Snapshot.Consistent {
			consistent = "no"
		}
		list = append(list, fact{"Consistent", consistent})
	}
	return list
}

// filter says which of many rows a document shows.
type filter struct {
	Name     string // of the cluster whose page it is; empty on the overview
	Part     string // part of the names to show
	Noun     string
	Summary  string // which rows these are
	Wanted   bool   // there are more rows than one document shows
	Prev     string // addresses of the other documents; empty if there is none
	Next     string
	from, to int
}

// newFilter reads the part of the names and the number of the first row from a query.
func newFilter(query url.Values, found, all, atOnce int, noun string) filter {
	f := filter{Name: query.Get("name"), Part: query.Get("filter"), Noun: noun}
	f.Wanted = all > few || f.Part != ""
	if from, err := strconv.Atoi(query.Get("from")); err == nil && from > 0 && from < found {
		f.from = from
	}
	f.to = min(found, f.from+atOnce)
	f.Summary = plural(found, noun)
	if f.Part != "" {
		f.Summary = fmt.Sprintf("%s of %s", number(found), plural(all, noun))
	}
	if f.from > 0 || f.to < found {
		f.Summary = fmt.Sprintf("%s to %s of %s", number(f.from+1), number(f.to), f.Summary)
	}
	if f.from > 0 {
		f.Prev = address(query, max(0, f.from-atOnce))
	}
	if f.to < found {
		f.Next = address(query, f.to)
	}
	return f
}

// address returns the query for another first row.
func address(query url.Values, from int) string {
	next := url.Values{"from": {strconv.Itoa(from)}}
	for _, name := range []string{"name", "filter"} {
		if query.Get(name) != "" {
			next.Set(name, query.Get(name))
		}
	}
	return "?" + next.Encode()
}

// table is some nodes in a table.
type table struct {
	Label    string
	Clusters bool // each has its cluster
	Rows     []nodeRow
}

// Table is called by the template. The label is for screen readers.
func (d overview) Table(label string) table {
	return table{Label: label, Clusters: true, Rows: d.Fullest}
}

// Table is called by the template.
func (d clusterDocument) Table(label string) table { return table{Label: label, Rows: d.Nodes} }
