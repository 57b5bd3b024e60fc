package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// sims are simulated clusters by the names of their contexts, in one kubeconfig.
type sims struct {
	t    *testing.T
	path string
	urls map[string]string
}

func serveSims(t *testing.T, names ...string) *sims {
	t.Helper()
	s := &sims{t: t, path: write(t, "kubeconfig", ""), urls: map[string]string{}}
	for _, name := range names {
		server := httptest.NewServer(simulated(t))
		t.Cleanup(server.Close)
		s.urls[name] = server.URL
	}
	s.rewrite(names...)
	return s
}

// rewrite makes names the contexts of the kubeconfig.
func (s *sims) rewrite(names ...string) {
	s.t.Helper()
	var clusters, contexts strings.Builder
	for _, name := range names {
		_, _ = fmt.Fprintf(&clusters, "- {name: %s, cluster: {server: %q}}\n", name, s.urls[name])
		_, _ = fmt.Fprintf(&contexts, "- {name: %s, context: {cluster: %s, user: u}}\n", name, name)
	}
	s.put(fmt.Sprintf("apiVersion: v1\nkind: Config\nusers: [{name: u, user: {token: %s}}]\nclusters:\n%scontexts:\n%s",
		canary, &clusters, &contexts))
}

// put replaces the file in one step, so that no reload sees half of it.
func (s *sims) put(content string) {
	s.t.Helper()
	next := s.path + ".next"
	if err := os.WriteFile(next, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(next, s.path); err != nil {
		s.t.Fatal(err)
	}
}

// shown returns the clusters whose nodes a scrape shows, and whether the last reload
// was successful.
func (e *exporter) shown(t *testing.T, names ...string) (clusters []string, successful string) {
	t.Helper()
	_, body := e.get(t, "/metrics")
	for _, name := range names {
		own := strings.Count(body, `cluster="`+name+`"`)
		nodes := strings.Count(body, `node_active_pods{cluster="`+name+`"`)
		switch {
		case nodes > 0:
			clusters = append(clusters, name)
		case own > 0:
			t.Errorf("cluster %s has %d series, and none of a node:\n%s", name, own, body)
		}
	}
	_, rest, _ := strings.Cut(body, "\npod_count_config_last_reload_successful ")
	successful, _, _ = strings.Cut(rest, "\n")
	return clusters, successful
}

// TestReload changes the kubeconfig under a running exporter.
func TestReload(t *testing.T) {
	s := serveSims(t, "a", "b", "c")
	s.rewrite("a", "b")
	e := start(t, "--kubeconfig="+s.path, "--kubernetes.all-contexts", "--log.level=debug")
	post := func() (int, string) {
		return request(t, http.DefaultClient, http.MethodPost, "http://"+e.address+"/-/reload")
	}
	hangUp := func() (int, string) {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		e.log.await(t, `cause=hangup[\s\S]*(Reloaded the kubeconfigs|their clusters stay)`)
		return http.StatusOK, "reloaded"
	}
	steps := []struct {
		name       string
		write      func()
		reload     func() (int, string)
		status     int
		says       string
		clusters   []string
		successful string
	}{
		{"nothing has changed", func() {}, post, 200, "reloaded", []string{"a", "b"}, "1"},
		{"one more", func() { s.rewrite("a", "b", "c") }, post, 200, "reloaded", []string{"a", "b", "c"}, "1"},
		{"a broken file", func() { s.put("users: [" + canary) }, post, 500, s.path, []string{"a", "b", "c"}, "0"},
		{"no file", func() { _ = os.Remove(s.path) }, post, 500, s.path, []string{"a", "b", "c"}, "0"},
		{"one less, by a signal", func() { s.rewrite("a", "c") }, hangUp, 200, "reloaded", []string{"a", "c"}, "1"},
	}
	for _, step := range steps {
		step.write()
		status, says := step.reload()
		if status != step.status || !strings.Contains(says, step.says) {
			t.Errorf("%s: status %d, want %d: %s", step.name, status, step.status, says)
		}
		clusters, successful := e.shown(t, "a", "b", "c")
		if !reflect.DeepEqual(clusters, step.clusters) || successful != step.successful {
			t.Errorf("%s: clusters %v, want %v; last reload successful %s, want %s",
				step.name, clusters, step.clusters, successful, step.successful)
		}
		if strings.Contains(says+e.log.String(), canary) {
			t.Errorf("%s: a secret is in the answer or the log", step.name)
		}
	}
	e.log.await(t, `msg="Reloaded the kubeconfigs" clusters=2 added=0 changed=0 removed=1`)
}

// A cluster that stays keeps its snapshot: it is not asked again.
func TestReloadKeepsSnapshots(t *testing.T) {
	s := serveSims(t, "a", "b")
	s.rewrite("a")
	e := start(t, "--kubeconfig="+s.path, "--kubernetes.all-contexts")
	before := e.await(t, "/metrics", `pod_count_success{cluster="a"} 1`)
	s.rewrite("a", "b")
	if status, text := request(t, http.DefaultClient, http.MethodPost, "http://"+e.address+"/-/reload"); status != http.StatusOK {
		t.Fatalf("status %d: %s", status, text)
	}
	after := e.await(t, "/metrics", `pod_count_success{cluster="b"} 1`)
	for _, metric := range []string{"pod_count_last_success_timestamp_seconds", "pod_count_pages_total"} {
		if was, is := sample(before, metric+`{cluster="a"}`), sample(after, metric+`{cluster="a"}`); was != is || was == "" {
			t.Errorf("%s is %q, and was %q before the reload", metric, is, was)
		}
	}
}

// await asks for path until the answer holds text.
func (e *exporter) await(t *testing.T, path, text string) string {
	t.Helper()
	for giveUp := time.Now().Add(patience); time.Now().Before(giveUp); {
		if _, body := e.get(t, path); strings.Contains(body, text) {
			return body
		}
	}
	t.Fatalf("%s never had %s", path, text)
	return ""
}

// sample returns the value of a series, empty if there is none.
func sample(exposition, series string) string {
	_, rest, _ := strings.Cut(exposition, "\n"+series+" ")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		signals := make(chan os.Signal)
		var change atomic.Bool
		reloads := make(chan string, 10)
		go watch(ctx, 5*time.Second, signals,
			func() string {
				if change.Swap(false) {
					return causeChange
				}
				return ""
			},
			func(cause string) { reloads <- cause })
		for _, step := range []struct {
			name string
			do   func()
			want []string
		}{
			{"nothing changes", func() {}, nil},
			{"a file does", func() { change.Store(true) }, []string{"file changed"}},
			{"and stays so", func() {}, nil},
			{"a signal", func() { signals <- syscall.SIGHUP }, []string{"hangup"}},
		} {
			step.do()
			time.Sleep(time.Minute)
			synctest.Wait()
			var causes []string
			for len(reloads) > 0 {
				causes = append(causes, <-reloads)
			}
			if !reflect.DeepEqual(causes, step.want) {
				t.Errorf("%s: reloaded for %q, want %q", step.name, causes, step.want)
			}
		}
	})
}

// What failed is tried again at the next check, then after pauses that double up to a
// minute, and at once again after a success.
func TestRetryBacksOff(t *testing.T) {
	r := retry{wanted: true}
	var pauses []string
	for looks := 1; len(pauses) < 8; looks++ {
		if r.due() {
			pauses = append(pauses, (time.Duration(looks) * watchInterval).String())
			looks = 0
		}
	}
	if got, want := strings.Join(pauses, " "), "5s 10s 20s 40s 1m0s 1m0s 1m0s 1m0s"; got != want {
		t.Errorf("pauses %s, want %s", got, want)
	}
	r.wanted = false
	if r.due() {
		t.Error("tried again without a reason")
	}
	if r.wanted = true; !r.due() {
		t.Error("not tried again at the next look")
	}
}
