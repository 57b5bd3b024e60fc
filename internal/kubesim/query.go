package kubesim

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// query has the parameters of a list or a watch.
type query struct {
	prefix        string // of the keys: the namespace and a slash, or nothing
	limit         int
	token         string
	version       string
	match         metav1.ResourceVersionMatch
	selector      fields.Selector
	labelSelector labels.Selector
	includeObject metav1.IncludeObjectPolicy
	timeout       time.Duration // 0: none

	watch         bool
	bookmarks     bool
	initialEvents bool // sendInitialEvents=true
	// initialEventsSet tells false from not given.
	initialEventsSet bool
	watchSeconds     int
}

// parseQuery reads the parameters of a list or watch like kube-apiserver 1.37, errors
// included.
func parseQuery(v url.Values, fieldLabels []string) (query, *apiStatus) {
	q := query{
		token: v.Get("continue"), version: v.Get("resourceVersion"),
		match:         metav1.ResourceVersionMatch(v.Get("resourceVersionMatch")),
		includeObject: metav1.IncludeObjectPolicy(v.Get("includeObject")),
		watch:         isTrue(v, "watch"), bookmarks: isTrue(v, "allowWatchBookmarks"),
		initialEvents: isTrue(v, "sendInitialEvents"), initialEventsSet: v.Has("sendInitialEvents"),
	}
	for name, into := range map[string]*int{"limit": &q.limit, "timeoutSeconds": &q.watchSeconds} {
		n, err := strconv.Atoi(v.Get(name))
		if v.Get(name) != "" && err != nil {
			return q, badRequest("unable to decode %s: %v", name, err)
		}
		*into = max(n, 0)
	}
	if text := v.Get("timeout"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			return q, badRequest("invalid timeout specified in the request URL - %v", err)
		}
		q.timeout = max(d, 0)
	}
	if status := q.parseSelector(v.Get("fieldSelector"), fieldLabels); status != nil {
		return q, status
	}
	return q, q.check()
}

func isTrue(v url.Values, name string) bool {
	return v.Get(name) == "true" || v.Get(name) == "1"
}

func (q *query) parseSelector(text string, fieldLabels []string) *apiStatus {
	selector, err := fields.ParseSelector(text)
	if err != nil {
		return badRequest("Unable to find %q that match label selector %q: %v", text, "", err)
	}
	for _, r := range selector.Requirements() {
		if !slices.Contains(fieldLabels, r.Field) {
			return badRequest("field label not supported: %s", r.Field)
		}
	}
	q.selector = selector
	return nil
}

// parseLabelSelector reads the selector of a resource that has labels.
func (q *query) parseLabelSelector(text string, simulated bool) *apiStatus {
	selector, err := labels.Parse(text)
	switch {
	case err != nil:
		return badRequest("unable to parse requirement: %v", err)
	case text != "" && !simulated:
		return badRequest("labelSelector is simulated for nodes only")
	}
	q.labelSelector = selector
	return nil
}

// check rejects parameters that exclude each other.
func (q *query) check() *apiStatus {
	const match = "resourceVersionMatch"
	if q.version != "" {
		if n, err := strconv.ParseInt(q.version, 10, 64); err != nil || n < 0 {
			return badRequest("invalid resource version: strconv.ParseUint: parsing %q: invalid syntax", q.version)
		}
	}
	switch q.includeObject {
	case "", metav1.IncludeNone, metav1.IncludeMetadata, metav1.IncludeObject:
	default:
		return badRequest("Unable to convert to Table as requested: includeObject: Invalid value: %q", q.includeObject)
	}
	switch {
	case !q.watch && q.initialEventsSet:
		return invalidOptions("sendInitialEvents", "sendInitialEvents is forbidden for list")
	case !q.watch && q.match != "" && q.version == "":
		return invalidOptions(match, "resourceVersionMatch is forbidden unless resourceVersion is provided")
	case !q.watch && q.match != "" && q.token != "":
		return invalidOptions(match, "resourceVersionMatch is forbidden when continue is provided")
	case !q.watch && q.match == metav1.ResourceVersionMatchExact && q.version == "0":
		return invalidOptions(match, `resourceVersionMatch "exact" is forbidden for resourceVersion "0"`)
	case q.watch && q.initialEventsSet && q.match != metav1.ResourceVersionMatchNotOlderThan:
		return invalidOptions(match, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
	case q.watch && !q.initialEventsSet && q.match != "":
		return invalidOptions(match, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
	case q.token != "" && q.version != "" && q.version != "0":
		return badRequest("specifying resource version is not allowed when using continue")
	}
	return nil
}

// fields returns the fields of an object that selectors may name.
func (res *apiResource[T]) fields(v *T) fields.Fields { return fieldsOf[T]{res, v} }

// fieldsOf lets a selector read an object's fields.
type fieldsOf[T any] struct {
	res   *apiResource[T]
	value *T
}

// Has reports true: selectors name only fields that exist.
func (f fieldsOf[T]) Has(string) bool { return true }

// Get returns a field's value.
func (f fieldsOf[T]) Get(name string) string { return f.res.field(f.value, name) }

// selectsAll reports whether the query has no selector.
func (q *query) selectsAll() bool { return q.selector.Empty() && q.labelSelector.Empty() }

// selects reports whether the query selects an object.
func selects[T any](q *query, res *apiResource[T], v *T) bool {
	return (q.selector.Empty() || q.selector.Matches(res.fields(v))) &&
		(q.labelSelector.Empty() || q.labelSelector.Matches(res.labelsOf(v)))
}
