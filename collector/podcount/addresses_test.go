package podcount

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"
)

// TestAddresses says to the letter what is asked for: no parameter is there without a value
// but the resourceVersion of a streamed start, without which the server would read etcd.
func TestAddresses(t *testing.T) {
	base := &url.URL{Scheme: "http", Host: "host", Path: "/proxy"}
	c, err := New(DefaultConfig(), &http.Client{}, base)
	must(t, err)
	ledger := newAccount(nil).open()
	page := func(l listing, token, version string) string {
		w := newWalk(ledger, l, c.nodes, newTally(ledger))
		w.token, w.startVersion = token, version
		return c.pageURL(w)
	}
	watch := func(r role, l listing, version string) string {
		s := newStream(r, l, podForms()[0], ledger, version)
		s.starting = version == ""
		return s.url(base, 5*time.Minute)
	}
	pods, nodes := podListing("", &podForms()[3]), Selection{Labels: "a=b"}.listing()
	for _, tt := range []struct{ got, want string }{
		{page(pods, "", ""), "api/v1/pods?limit=500&timeout=30s"},
		{page(pods, "t", "7"), "api/v1/pods?continue=t&limit=500&timeout=30s"},
		{page(podListing("x", &podForms()[0]), "", "7"), "api/v1/namespaces/x/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&includeObject=None&limit=500&resourceVersion=7&resourceVersionMatch=Exact&timeout=30s"},
		{page(nodes, "", ""), "api/v1/nodes?labelSelector=a%3Db&limit=500&timeout=30s"},
		{watch(nodeStream, nodes, "7"), "api/v1/nodes?allowWatchBookmarks=true&includeObject=None&labelSelector=a%3Db&resourceVersion=7&timeoutSeconds=300&watch=1"},
		{watch(nodeStream, nodes, ""), "api/v1/nodes?allowWatchBookmarks=true&includeObject=None&labelSelector=a%3Db&resourceVersion=&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&timeoutSeconds=300&watch=1"},
	} {
		if want := "http://host/proxy/" + tt.want; tt.got != want {
			t.Errorf("asked for %s, want %s", tt.got, want)
		}
	}
}

// TestEndsOfStreams has each reason for which a page fails be one for which a stream ends.
func TestEndsOfStreams(t *testing.T) {
	for _, reason := range Reasons() {
		want := WatchEnd(reason)
		if reason == Timeout {
			want = EndSilent
		}
		failure := &PageError{Reason: reason, Err: errors.New("it failed")}
		if got := ended(&stream{}, failure, 0); got.Reason != want || got.Failure != failure || !slices.Contains(WatchEnds(), got.Reason) {
			t.Errorf("%s: the stream ended for %s, want %s", reason, got.Reason, want)
		}
	}
}
