package podcount

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
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
	include  string // the part of the object in each row of a Table: None or Metadata
	selector string
	encoding string // of the answer; empty: none
}

const (
	// Finished pods take no room on a node, so the server leaves them out.
	activeSelector = "status.phase!=Succeeded,status.phase!=Failed"
	jsonOnly       = "application/json"
	// Rows of cells take a 27th of the bytes of whole pods in protobuf. The second
	// type is for servers without Tables.
	tableFirst = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
)

// podForms returns the forms in which pods can be requested, in the order of Sources.
// The later ones are for filtering proxies, which need the object of each row, and
// for servers that are not kube-apiserver, which send default columns only, or cannot
// select pods by these fields.
func podForms() []form {
	return []form{
		{source: SourceTable, accept: tableFirst, include: "None", selector: activeSelector},
		{source: SourceTableMetadata, accept: tableFirst, include: "Metadata", selector: activeSelector},
		{source: SourceList, accept: jsonOnly, selector: activeSelector},
		{source: SourceListUnfiltered, accept: jsonOnly},
	}
}

// formLife is how long a form other than the best is used before the best is tried
// again.
const formLife = time.Hour

// forms remembers which form a server can give.
type forms struct {
	at      int       // index into podForms
	since   time.Time // when it was chosen, or a look at the best form failed
	why     error     // why the server refused the form before
	trusted bool      // it has listed pods, and no count has failed with status 500 since
}

// search is a count's search for a form that the server supports.
type search struct {
	form  // under way
	at    int
	first int   // those from here to at were refused
	why   error // for the first of them
	doubt bool  // one of them may have failed for another reason
	empty bool  // the form without objects, or a look, has listed no pods
	ended bool  // the form has been found
}

// begin starts with the form that worked last, or with a look at the best one when that
// is due.
func (f *forms) begin(now time.Time) *search {
	s := &search{first: f.at}
	if Age(f.since, now) >= formLife {
		s.first = 0
	}
	s.use(s.first)
	return s
}

// looking says whether the search tries a better form than the one that works.
func (f *forms) looking(s *search) bool { return s.first != f.at }

func (s *search) use(at int) { s.at, s.form = at, podForms()[at] }

var errNoObjects = errors.New("the server listed no pods as rows without objects")

// doubts says in which form a count that has no pods is to be made again: some filtering
// proxies hide all rows whose object they do not see, and any server may come to be behind
// one. A look that finds none is no reason to leave the form that works, so it goes on up to
// that.
func (f *forms) doubts(s *search) (other int, doubtful bool) {
	looking := f.looking(s) && s.at < f.at
	if !looking && (s.empty || s.include != "None") {
		return 0, false
	}
	s.doubt = s.doubt || s.ended // it had pods in this form
	s.empty, s.ended, s.why = true, false, cmp.Or(s.why, errNoObjects)
	return s.at + 1, true
}

// found ends the search with the form that listed the first pods, or all of a count that
// has none, which says little. After a failure that may have had another reason, the next
// count looks at the best form.
func (f *forms) found(s *search, pods bool, now time.Time) {
	if s.empty && !pods && s.at != f.at { // there are none in any form
		s.use(s.first)
	}
	if s.at != f.at || s.at != s.first {
		if f.since, f.why = now, s.why; s.doubt {
			f.since = time.Time{}
		}
	}
	f.trusted = pods || f.trusted && s.at == f.at
	f.at, s.first, s.ended = s.at, s.at, true
}

// probing says whether the failure of a walk's page is of a form after the first. Such a form
// is not tried again: all forms may fail because the server is in trouble.
func (s *search) probing(w *walk, failure *PageError) bool {
	return s.suspects(w) && s.at != s.first && failure.code == http.StatusInternalServerError
}

// suspects says whether the form may be why a walk's page fails. A resourceVersion to start
// at is suspected before it.
func (s *search) suspects(w *walk) bool {
	return w.listing.form == &s.form && !s.ended && !w.versioned()
}

// nextForm switches the count to the next form after a failure which means that the
// server does not support this one. It does so only before the first pods: many servers
// refuse a form when there is a row to give. Status 500 may mean this or anything
// else, so the attempts come first, in two counts if the form has worked, and each further
// form is then tried once, in a look, too. Any other failure ends a look: the form that works
// is used for another hour.
func (c *Counter) nextForm(run *count, w *walk, failure *PageError, last bool) bool {
	s, f, unknown := run.search, &c.forms, failure.unknownForm() || errors.Is(failure.Err, errManyEmpty)
	next, looking := (s.at+1)%len(podForms()), f.looking(s)
	// Once a form was refused, another status is no more the whole server's than 500 is.
	fault := failure.code == http.StatusInternalServerError || s.at != s.first && failure.Reason == Server
	trusted := s.at == f.at && f.trusted
	if !s.suspects(w) || !looking && !unknown && !fault || s.empty && next == 0 { // that form has shown none
		return false
	}
	s.why = cmp.Or(s.why, failure.Err)
	switch {
	case looking && (!unknown && !fault || next == f.at):
		f.since, f.why = time.Now(), s.why
		s.first, next = f.at, f.at
	case looking:
	case !last && (!unknown || trusted), next == s.first:
		return false
	case !unknown && trusted:
		f.trusted = false
		return false
	}
	s.doubt = s.doubt || !unknown
	run.afresh(next)
	return true
}

// afresh begins with the pods again, mostly in another form. It forgets the pages so far, since
// those of two forms may not fit together. The walk under way is now the first, as it may have
// some.
func (n *count) afresh(form int) {
	n.search.use(form)
	n.sight = sight{}
	n.tally.forget()
	n.pods, n.next = slices.Concat(n.pods[n.next:], n.pods[:n.next]), 0
	for _, w := range n.pods {
		w.usage.drop()
		*w = *newWalk(n.ledger, w.listing, w.sizer, w.target)
	}
}

// listing is what distinguishes the requests of one walk from those of another.
type listing struct {
	name      string // Pods, Nodes or Namespaces
	path      string
	namespace string
	fields    string // a field selector, added to that of the form
	labels    string // a label selector
	form      *form
}

// selector joins the field selectors.
func (l listing) selector() string {
	if l.form.selector == "" || l.fields == "" {
		return l.form.selector
	}
	return l.fields + "," + l.form.selector
}

// url adds what all requests for the listing have to a query, and leaves out what is empty:
// only a watch has a resourceVersion that may be.
func (l listing) url(base *url.URL, query url.Values) string {
	query.Set("labelSelector", l.labels)
	query.Set("includeObject", l.form.include)
	maps.DeleteFunc(query, func(name string, values []string) bool { return values[0] == "" && name != "resourceVersion" })
	address := base.JoinPath(l.path)
	address.RawQuery = query.Encode()
	return address.String()
}

func podListing(namespace string, f *form) listing {
	r := listing{name: Pods, path: "api/v1/pods", namespace: namespace, form: f}
	if namespace != "" {
		r.path = "api/v1/namespaces/" + namespace + "/pods"
	}
	return r
}

const nodesPath = "api/v1/nodes"

// nodeListing asks for whole nodes: no Table has their allocatable pods. Most of a node
// is names of images, much the same on all nodes, so compression saves nine tenths.
func nodeListing(selector string) listing {
	return listing{name: Nodes, path: nodesPath, form: &form{accept: jsonOnly, selector: selector, encoding: "gzip"}}
}

func namespaceListing(name string) listing {
	return listing{name: Namespaces, path: "api/v1/namespaces/" + name, namespace: name, form: &form{accept: jsonOnly}}
}
