package docs

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestREADMEScrapes: the configuration for Prometheus in README is the one of
// docs/operations.md, keeps the exporter's labels, and has a name for its job by
// which the mixin's alerts find it.
func TestREADMEScrapes(t *testing.T) {
	isScrape := func(b block) bool { return b.language == "yaml" && strings.HasPrefix(b.text, "scrape_configs:") }
	readme, guide := parse(t, "README.md").blocks, parse(t, operations).blocks
	i, j := slices.IndexFunc(readme, isScrape), slices.IndexFunc(guide, isScrape)
	if i < 0 || j < 0 {
		t.Fatal("README.md or docs/operations.md does not say how to scrape the exporter")
	}
	if readme[i].text != guide[j].text {
		t.Errorf("README has\n%s\ndocs/operations.md\n%s", readme[i].text, guide[j].text)
	}
	if !strings.Contains(readme[i].text, "honor_labels: true ") {
		t.Error("README's configuration does not keep the exporter's labels")
	}
	job := regexp.MustCompile(`job_name: (\S+)`).FindStringSubmatch(readme[i].text)
	looked := regexp.MustCompile(`podCountSelector: 'job=~"([^"]+)"'`).FindStringSubmatch(read(t, "mixin/config.libsonnet"))
	if job == nil || looked == nil || !regexp.MustCompile("^"+looked[1]+"$").MatchString(job[1]) {
		t.Errorf("README's job is %q, the mixin looks for %q", job, looked)
	}
}

// TestREADMELinksBeyondDocs: what one looks for before installing something.
func TestREADMELinksBeyondDocs(t *testing.T) {
	links := parse(t, "README.md").links
	for _, want := range []string{"CHANGELOG.md", "docs/operations.md#rights", "LICENSE", "SECURITY.md", "CONTRIBUTING.md"} {
		if !slices.Contains(links, want) {
			t.Errorf("README does not link %s", want)
		}
	}
}

// TestAPIExample: the answer in docs/api.md is that of the count in README's log.
func TestAPIExample(t *testing.T) {
	log := regexp.MustCompile(`msg="Completed paginated pod count" cluster=(\S+) active_pods=(\S+) pages=(\S+) duration=(\S+) bytes=(\S+) resource_version=(\S+) consistent=(\S+)`).FindStringSubmatch(read(t, "README.md"))
	if log == nil {
		t.Fatal("README shows no count")
	}
	took, err := time.ParseDuration(log[4])
	if err != nil {
		t.Fatal(err)
	}
	for field, value := range map[string]string{
		"cluster": strconv.Quote(log[1]), "activePods": log[2], "pages": log[3], "durationSeconds": fmt.Sprint(took.Seconds()),
		"responseBytes": log[5], "resourceVersion": strconv.Quote(log[6]), "consistent": log[7],
	} {
		if want := fmt.Sprintf("\n  %q: %s,\n", field, value); !strings.Contains(read(t, "docs/api.md"), want) {
			t.Errorf("docs/api.md has no %s, which is README's", want)
		}
	}
}
