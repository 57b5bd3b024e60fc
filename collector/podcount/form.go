package podcount

import (
	"net/http"
	"time"
)

// Source says how the pods of a count were listed. There is no other value than
// those of Sources.
type Source string

// The sources, the cheapest for server and network first.
const (
	SourceTable          Source = "table"           // Table rows without objects
	SourceTableMetadata  Source = "table-metadata"  // Table rows, each with its pod's metadata
	SourceList           Source = "list"            // whole pods, selected by the server
	SourceListUnfiltered Source = "list-unfiltered" // whole pods, selected here
)

// Sources returns every Source, the best first.
func Sources() []Source {
	return []Source{SourceTable, SourceTableMetadata, SourceList, SourceListUnfiltered}
}

// form is how one resource is asked for.
type form struct {
	source   Source // of pods
	accept   string
	include  string // what of its object comes with a row of a Table
	selector string
	gzip     bool
}

const (
	// Finished pods hold no slot on a node, so they are left out by the server.
	activeSelector = "status.phase!=Succeeded,status.phase!=Failed"
	jsonOnly       = "application/json"
	// Rows of cells are a 27th of the bytes of whole pods in protobuf. The rest
	// is for servers that know no Tables.
	tableFirst = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
)

// podForms are the forms to ask for pods in, in the order of Sources. The later
// ones are for filtering proxies, which need the object of each row, and for
// servers of other makes: those give default columns, or know no field of pods
// to select by.
func podForms() []form {
	return []form{
		{source: SourceTable, accept: tableFirst, include: "None", selector: activeSelector},
		{source: SourceTableMetadata, accept: tableFirst, include: "Metadata", selector: activeSelector},
		{source: SourceList, accept: jsonOnly, selector: activeSelector},
		{source: SourceListUnfiltered, accept: jsonOnly},
	}
}

// nodeForm asks for whole nodes: no Table has their allocatable pods. The names
// of images make up most of a node, and are much the same on all of them, so
// compression takes nine tenths away.
func nodeForm(selector string) *form { return &form{accept: jsonOnly, selector: selector, gzip: true} }

// formLife is how long a form holds that was found for want of a better one. It
// is also how long one that works is not doubted.
const formLife = time.Hour

// forms remembers which form a server can give.
type forms struct {
	at     int       // index into podForms
	since  time.Time // when it was found
	worked time.Time // when it last gave a page
	why    error     // why the server did not give the one before
}

// search is a count's way through the forms.
type search struct {
	form  // under way
	at    int
	first int
	tried int // forms that the server cannot give
	why   error
}

// begin takes the form that is known to work, or now and then the best.
func (f *forms) begin(now time.Time) *search {
	s := &search{first: f.at}
	if now.Sub(f.since) >= formLife {
		s.first = 0
	}
	s.use(s.first)
	return s
}

func (s *search) use(at int) { s.at, s.form = at, podForms()[at] }

// found notes that a form gave the first page of a count.
func (f *forms) found(s *search, now time.Time) {
	if s.at != f.at || s.tried > 0 {
		f.since, f.why = now, s.why
	}
	f.at, f.worked = s.at, now
	s.first, s.tried = s.at, 0
}

// again has a search that found nothing begin anew.
func (s *search) again() {
	if s.tried > 0 {
		s.tried = 0
		s.use(s.first)
	}
}

// probing says whether the failure is one that a form after the first is not
// asked again for: the server may be ill, and all forms with it.
func (s *search) probing(failure *PageError) bool {
	return s.tried > 0 && failure.code == http.StatusInternalServerError
}

// trusts says whether a form worked of late: a failure then has another reason.
func (f *forms) trusts(s *search, now time.Time) bool {
	return s.at == f.at && !f.worked.IsZero() && now.Sub(f.worked) < formLife
}

// refusesForm says whether a status means that the server cannot take the
// request as it is.
func refusesForm(code int) bool {
	switch code {
	case http.StatusBadRequest, http.StatusNotAcceptable, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity, http.StatusNotImplemented:
		return true
	default:
		return false
	}
}

// nextForm has the count ask in another form after a failure that means that the
// server does not know this one. It does so before the first page of pods only:
// pages of two forms may not fit together. An answer of 500 may mean that, or
// anything else, so the attempts come first; each further form is then tried
// once.
func (c *Counter) nextForm(run *count, w *walk, failure *PageError, last bool) bool {
	s, trusted := run.search, c.forms.trusts(run.search, time.Now())
	fault := failure.code == http.StatusInternalServerError
	switch {
	case w.listing.form != &s.form || w.page > 1 || run.next > 0, !failure.unknownForm && !fault:
		return false
	case fault && (trusted || !last), trusted && !last, s.tried+1 == len(podForms()):
		return false
	}
	if s.tried++; s.why == nil {
		s.why = failure.Err
	}
	s.use((s.at + 1) % len(podForms()))
	return true
}

// listing is what sets one walk apart from another on the wire.
type listing struct {
	name      string // Pods, Nodes or Namespaces
	kind      string // of the list; empty where any object will do
	path      string
	namespace string
	fields    string // a selector that joins the form's, if that has one
	labels    string // a selector
	form      *form
}

// selector is that of fields.
func (l listing) selector() string {
	if l.form.selector == "" || l.fields == "" {
		return l.form.selector
	}
	return l.fields + "," + l.form.selector
}

func podListing(namespace string, f *form) listing {
	r := listing{name: Pods, kind: "PodList", path: "api/v1/pods", namespace: namespace, form: f}
	if namespace != "" {
		r.path = "api/v1/namespaces/" + namespace + "/pods"
	}
	return r
}

func nodeListing(selector string) listing {
	return listing{name: Nodes, kind: "NodeList", path: "api/v1/nodes", form: nodeForm(selector)}
}

func namespaceListing(name string) listing {
	return listing{
		name: Namespaces, path: "api/v1/namespaces/" + name, namespace: name,
		form: &form{accept: jsonOnly},
	}
}
