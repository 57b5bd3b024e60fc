//go:build e2e

package node

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// wantNumbers compares what each replica says of the node, or Prometheus has of it,
// with kubectl.
func (v variant) wantNumbers(t *testing.T, r *release, m *monitoring) {
	t.Helper()
	if v.scraped {
		r.wantScraped(t, m, []string{r.name()}, v.truth())
		return
	}
	eventually(t, "the counts are what kubectl says", func() error {
		want, err := v.wanted(t, r)
		if err != nil {
			return err
		}
		got := map[string][]int{}
		for _, pod := range r.pods(t) {
			if err := v.read(t, r, strings.TrimPrefix(pod, "pod/"), got); err != nil {
				return err
			}
		}
		if !maps.EqualFunc(got, want, slices.Equal) {
			return fmt.Errorf("counts %v, want %v", got, want)
		}
		return nil
	})
}

// truth says how many pods the node has, of those that the variant counts.
func (v variant) truth() func(*testing.T, *release) (int, error) {
	if v.count == nil {
		return describedPods
	}
	return v.count
}

// wanted are the counts of the node by cluster, one for each replica that counts it.
func (v variant) wanted(t *testing.T, r *release) (map[string][]int, error) {
	t.Helper()
	clusters, copies := v.clusters, max(v.replicas, 1)
	if clusters == nil {
		clusters = []string{"kubernetes"}
	}
	if v.shared {
		copies = 1
	}
	number, err := v.truth()(t, r)
	want := map[string][]int{}
	for _, cluster := range clusters {
		want[cluster] = slices.Repeat([]int{number}, copies)
	}
	return want, err
}

// read adds the counts of one replica.
func (v variant) read(t *testing.T, r *release, pod string, counts map[string][]int) error {
	t.Helper()
	path := v.path
	if path == "" {
		path = "/metrics"
	}
	address := url.URL{Scheme: "http", Host: podIP(t, r.namespace, pod) + ":10120", Path: path}
	client := http.DefaultClient
	if v.secured {
		address.Scheme, address.User = "https", url.UserPassword("prometheus", password)
		client = trustingClient(t)
	}
	body, err := getWith(t, client, address.String())
	if err != nil {
		return err
	}
	pattern := regexp.MustCompile(`(?m)^node_active_pods\{cluster="([^"]*)",node="` + nodeName + `"\} (\d+)$`)
	for _, match := range pattern.FindAllStringSubmatch(body, -1) {
		number, err := strconv.Atoi(match[2])
		must(t, err)
		counts[match[1]] = append(counts[match[1]], number)
	}
	if regexp.MustCompile(`(?m)^pod_count_success\{.*\} 0$`).MatchString(body) {
		return fmt.Errorf("%s has a count that has not succeeded", pod)
	}
	return nil
}
