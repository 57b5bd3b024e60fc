// Package page renders the status page for people: which clusters are not well, since
// when and why, and which nodes are full. It is rendered on the server; a small
// script keeps it up to date, and it works without the script, too.
//
// What it shows of a cluster is one store.View and the cluster's History. All links
// are relative, so that the page works behind any prefix of a proxy.
package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// Paths of the page, below its prefix.
const (
	OverviewPath = "/"
	ClusterPath  = "/cluster" // ?name=NAME
	AssetsPrefix = "/assets/"
)

// Cluster is what is to be shown of a cluster, at one moment.
type Cluster struct {
	store.View
	Reason string // of View.Err, as in the JSON API; empty if there is none
	History
}

// Source provides the clusters.
type Source interface {
	// Clusters returns all clusters, sorted by name.
	Clusters() []Cluster
	// Cluster returns the cluster of that name, and whether it exists.
	Cluster(name string) (Cluster, bool)
}

// About describes the program.
type About struct {
	Program  string
	Version  string // short
	Build    string // the whole of it
	Metrics  string // path of the metrics
	Links    []Link
	Profiles []Link // none when they are not served
}

// Link is an endpoint of the program.
type Link struct {
	Path, Text string // the path begins with a slash
	Hint       string // what it is for
}

// Page serves the status page.
type Page struct {
	source    Source
	about     About
	now       func() time.Time
	templates map[string]*template.Template
	assets    assets
}

//go:embed templates
var templateFiles embed.FS

// New returns the page of a source. An error means that the embedded files are
// faulty.
func New(source Source, about About, now func() time.Time) (*Page, error) {
	p := &Page{source: source, about: about, now: now, templates: make(map[string]*template.Template)}
	var err error
	if p.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	for _, name := range []string{"overview", "cluster", "missing"} {
		t, err := template.New("layout.html").Funcs(template.FuncMap{"asset": p.assets.path}).
			ParseFS(templateFiles, "templates/layout.html", "templates/parts.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("the template of the page %s: %w", name, err)
		}
		p.templates[name] = t
	}
	return p, nil
}

// Document makes the answer to a request for the overview or a cluster's page, and returns
// what writes it. An error is a fault of the program.
func (p *Page) Document(r *http.Request) (write func(http.ResponseWriter), err error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return p.render(http.StatusBadRequest, "missing", p.missing("Bad request", "The address cannot be read."))
	}
	if r.URL.Path != ClusterPath {
		return p.render(http.StatusOK, "overview", p.overview(p.source.Clusters(), query))
	}
	name := query.Get("name")
	cluster, known := p.source.Cluster(name)
	switch {
	case !known && name == "":
		return p.render(http.StatusBadRequest, "missing", p.missing("Bad request", "Name a cluster: /cluster?name=NAME."))
	case !known:
		return p.render(http.StatusNotFound, "missing", p.missing("Not found", "There is no cluster "+quoted(name)+"."))
	}
	return p.render(http.StatusOK, "cluster", p.cluster(cluster, query))
}

// render makes the whole document.
func (p *Page) render(status int, name string, data any) (write func(http.ResponseWriter), err error) {
	var body bytes.Buffer
	if err := p.templates[name].Execute(&body, data); err != nil {
		return nil, fmt.Errorf("rendering the page %s: %w", name, err)
	}
	return func(w http.ResponseWriter) {
		protect(w.Header())
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_, _ = w.Write(body.Bytes()) // a client that has gone needs no answer
	}, nil
}

// protect allows the browser to load, run and send only what belongs to the page.
func protect(header http.Header) {
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
}
