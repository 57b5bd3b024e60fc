package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"
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
