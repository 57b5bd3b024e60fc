package lint

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// gridWidth is that of Grafana's grid, in columns.
const gridWidth = 24

// fastest is the shortest refresh: Prometheus scrapes the exporter once a minute.
const fastest = time.Minute

const datasourceVariable = "${datasource}"

// findings gathers what is wrong, each with its place.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// Check returns what is wrong with a dashboard; known are the names of the
// metrics and rules that exist.
func Check(d Dashboard, known map[string]bool) []string {
	var f findings
	f.header(d)
	f.variables(d.Templating.List, known)
	for _, a := range d.Annotations.List {
		if a.Datasource == nil || a.Datasource.UID != datasourceVariable {
			f.add("annotation %s does not use the data source variable", a.Name)
		}
		f.query("annotation "+a.Name, a.Expr, known)
	}
	f.grid(d.Panels)
	for _, p := range d.Panels {
		if p.Type != "row" {
			f.panel(p, known)
		}
	}
	return f
}

func (f *findings) header(d Dashboard) {
	if d.UID == "" || len(d.UID) > 40 {
		f.add("uid %q is not of 1 to 40 characters", d.UID)
	}
	if d.Title == "" {
		f.add("the dashboard has no title")
	}
	if refresh, err := time.ParseDuration(d.Refresh); err != nil || refresh < fastest {
		f.add("refresh %q is faster than the scrape, or none", d.Refresh)
	}
	linked := false
	for _, link := range d.Links {
		linked = linked || link.Type == "dashboards" && slices.ContainsFunc(link.Tags, func(tag string) bool { return slices.Contains(d.Tags, tag) })
	}
	if !linked {
		f.add("no link leads to the dashboards with the same tag")
	}
}

func (f *findings) variables(list []Variable, known map[string]bool) {
	if len(list) == 0 || list[0].Type != "datasource" || list[0].Name != "datasource" || list[0].Label != "Data source" {
		f.add(`the first variable is not a data source labelled "Data source"`)
		return
	}
	for _, v := range list[1:] {
		if v.Label == "" || !v.IncludeAll || !v.Multi {
			f.add("variable %s lacks a label, All, or several values", v.Name)
		}
		if v.Datasource == nil || v.Datasource.UID != datasourceVariable {
			f.add("variable %s does not use the data source variable", v.Name)
		}
		metric, ok := strings.CutPrefix(v.Definition, "label_values(")
		if !ok {
			f.add("variable %s is not made of label values", v.Name)
			continue
		}
		f.query("variable "+v.Name, metric[:strings.LastIndex(metric, ",")], known)
	}
}

func (f *findings) panel(p Panel, known map[string]bool) {
	where := fmt.Sprintf("panel %q", p.Title)
	if p.Title == "" || p.Description == "" {
		f.add("%s of type %s lacks a title or a description", where, p.Type)
	}
	if p.FieldConfig.Defaults.Unit == "" {
		f.add("%s has no unit", where)
	}
	if p.Datasource == nil || p.Datasource.UID != datasourceVariable {
		f.add("%s does not use the data source variable", where)
	}
	if len(p.Targets) == 0 {
		f.add("%s has no query", where)
	}
	refs := map[string]bool{}
	for _, t := range p.Targets {
		if refs[t.RefID] || t.RefID == "" {
			f.add("%s has no unique refId for %q", where, t.Expr)
		}
		refs[t.RefID] = true
		if t.Datasource == nil || t.Datasource.UID != datasourceVariable {
			f.add("%s: query %s does not use the data source variable", where, t.RefID)
		}
		f.query(where, t.Expr, known)
	}
}

// grid finds panels that share an id or a place, or leave the grid.
func (f *findings) grid(panels []Panel) {
	for i, p := range panels {
		g := p.GridPos
		if g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > gridWidth {
			f.add("panel %q is not within the grid: %+v", p.Title, g)
		}
		for _, other := range panels[:i] {
			o := other.GridPos
			if p.ID == other.ID || p.ID == 0 {
				f.add("panel %q shares id %d with %q", p.Title, p.ID, other.Title)
			}
			if g.X < o.X+o.W && o.X < g.X+g.W && g.Y < o.Y+o.H && o.Y < g.Y+g.H {
				f.add("panel %q overlaps %q", p.Title, other.Title)
			}
		}
	}
}
