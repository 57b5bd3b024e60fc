package lint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-jsonnet"
)

// render evaluates the mixin with settings, down to every field.
func render(settings string) (string, error) {
	vm := jsonnet.MakeVM()
	vm.Importer(&jsonnet.FileImporter{JPaths: []string{"../.."}})
	return vm.EvaluateAnonymousSnippet("settings", fmt.Sprintf(`
		local mixin = (import 'mixin/mixin.libsonnet') + { _config+:: %s };
		[mixin.prometheusAlerts, mixin.prometheusRules, mixin.grafanaDashboards, mixin.alertmanagerInhibition]`, settings))
}

// TestSettingsAreChecked: each error names the setting and says what is allowed.
func TestSettingsAreChecked(t *testing.T) {
	tests := []struct{ name, settings, want string }{
		{"a misspelt key", `{ cacheTTLSecond: 60 }`, `_config.cacheTTLSecond is no setting: there are .*cacheTTLSeconds`},
		{"a key of long ago", `{ staleAfterSeconds: 900 }`, `_config.staleAfterSeconds is no setting`},
		{"a hidden key that is misspelt", `{ keepfiringFor:: '5m' }`, `_config.keepfiringFor is no setting`},
		{"no selector", `{ podCountSelector: '' }`, `_config.podCountSelector is "": it must be matchers, one or more`},
		{"a selector of a space", `{ podCountSelector: ' ' }`, `podCountSelector .* matchers`},
		{"a selector in braces", `{ podCountSelector: '{job="a"}' }`, `podCountSelector .* matchers`},
		{"a selector without quotes", `{ podCountSelector: 'job=a' }`, `podCountSelector .* matchers`},
		{"a selector with an open quote", `{ podCountSelector: 'job="a' }`, `podCountSelector .* matchers`},
		{"a selector that ends with a comma", `{ podCountSelector: 'job="a",' }`, `podCountSelector .* matchers`},
		{"a selector that is a list", `{ podCountSelector: ['job="a"'] }`, `podCountSelector .* matchers`},
		{"a label's name with a hyphen", `{ clusterLabel: 'my-cluster' }`, `_config.clusterLabel is "my-cluster": it must be a label's name`},
		{"no label's name", `{ clusterLabel: '' }`, `clusterLabel is "": it must be a label's name`},
		{"a window that is none", `{ rateWindow: 'banana' }`, `_config.rateWindow is "banana": it must be a duration above 0, such as 10m`},
		{"a window without a unit", `{ rateWindow: '600' }`, `rateWindow is "600": it must be a duration`},
		{"a window that is a number", `{ durationWindow: 1800 }`, `durationWindow is 1800: it must be a duration`},
		{"a window of nothing", `{ goneMemory: '0s' }`, `goneMemory is "0s": it must be a duration above 0`},
		{"units out of order", `{ failuresFor: '5m1h' }`, `failuresFor is "5m1h": it must be a duration`},
		{"a window shorter than two counts", `{ cacheTTLSeconds: 1800, rateWindow: '10m' }`, `rateWindow is 10m: it must be at least 1h, two times cacheTTLSeconds`},
		{"a window shorter than four scrapes", `{ scrapeIntervalSeconds: 300, rateWindow: '10m' }`, `rateWindow is 10m: it must be at least 20m, four times scrapeIntervalSeconds`},
		{"a window of durations shorter than that of rates", `{ durationWindow: '9m' }`, `durationWindow is 9m: it must be at least 10m, the length of rateWindow`},
		{"a refresh faster than the scrape", `{ dashboardRefresh: '5s' }`, `dashboardRefresh is 5s: it must be at least 1m, scrapeIntervalSeconds or a minute`},
		{"percent in place of a ratio", `{ nearlyFullRatio: 90 }`, `_config.nearlyFullRatio is 90: it must be a share above 0 and up to 1, such as 0.9`},
		{"a ratio below 0", `{ pageFailureRatio: -0.01 }`, `pageFailureRatio is -0.01.*: it must be a share`},
		{"a ratio of 0", `{ slowRatio: 0 }`, `slowRatio is 0: it must be a share`},
		{"thresholds in the wrong order", `{ nearlyFullRatio: 0.9, fullRatio: 0.8 }`, `nearlyFullRatio is 0.9.*: it must be less than fullRatio, which is 0.8`},
		{"thresholds that are the same", `{ nearlyFullRatio: 1 }`, `nearlyFullRatio is 1: it must be less than fullRatio, which is 1`},
		{"a number as text", `{ cacheTTLSeconds: '300' }`, `_config.cacheTTLSeconds is "300": it must be a whole number of seconds above 0`},
		{"a ratio as text", `{ nearlyFullRatio: '0.9' }`, `nearlyFullRatio is "0.9": it must be a share`},
		{"a number that is not whole", `{ droppedMinPods: 0.5 }`, `droppedMinPods is 0.5: it must be a whole number, 0 or more`},
		{"a cache TTL of nothing", `{ cacheTTLSeconds: 0 }`, `cacheTTLSeconds is 0: it must be a whole number of seconds above 0`},
		{"one cache TTL is no age", `{ staleTTLs: 1 }`, `staleTTLs is 1: it must be a number of cache TTLs, 2 or more`},
		{"a text for a switch", `{ logAlerts: 'yes' }`, `logAlerts is "yes": it must be true or false`},
		{"a number for a switch", `{ watchAlerts: 1 }`, `watchAlerts is 1: it must be true or false`},
		{"nothing", `{ keepFiring: null }`, `keepFiring is null: it must be true or false`},
		{"a severity of an alert that does not exist", `{ severities+: { PodCountStael: 'info' } }`, `_config.severities.PodCountStael is no alert: there are .*PodCountStale`},
		{"an empty severity", `{ severities+: { PodCountStale: '' } }`, `severities.PodCountStale is "": it must be a text`},
		{"no severities", `{ severities: 'critical' }`, `severities is "critical": it must be an object`},
		{"a pattern without the alert's name", `{ runbookURLPattern: 'https://example.com' }`, `runbookURLPattern .* with %s for the alert's name`},
		{"a pattern with another place", `{ runbookURLPattern: 'https://example.com/%s?x=%d' }`, `runbookURLPattern .* with %s for the alert's name`},
		{"no tags", `{ dashboardTags: [] }`, `dashboardTags is \[\s*\]: it must be a list of texts`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := render(tt.settings)
			if err == nil {
				t.Fatalf("%s renders", tt.settings)
			}
			message, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "RUNTIME ERROR: "), "\n\t")
			if !regexp.MustCompile(tt.want).MatchString(message) {
				t.Errorf("%s: %q, want %q", tt.settings, message, tt.want)
			}
		})
	}
}

func TestGoodSettings(t *testing.T) {
	tests := []struct{ name, settings, has, hasNot string }{
		{"none", `{}`, `node_active_pods:ratio > 0.9\n`, "ratio_rate1h"},
		{"a cache TTL of half an hour", `{ cacheTTLSeconds: 1800 }`, "ratio_rate1h", "ratio_rate10m"},
		{"a scrape every five minutes", `{ scrapeIntervalSeconds: 300 }`, "ratio_rate20m", "[10m]"},
		{"a scrape that gives no whole minutes", `{ cacheTTLSeconds: 50, scrapeIntervalSeconds: 15 }`, "ratio_rate100s", "ratio_rate10m"},
		{"two matchers with a comma, a brace and a quote", `{ podCountSelector: 'job=~"a,b{1,2}", team="x\\"y"' }`, `team=\"x\\\"y\"`, "pod[-_]count"},
		{"a longer window", `{ rateWindow: '1h30m' }`, "ratio_rate1h30m", "ratio_rate10m"},
		{"another cluster label", `{ clusterLabel: 'exported_cluster' }`, "$labels.exported_cluster", "{{ $labels.cluster"},
		{"an old Prometheus", `{ keepFiring: false }`, "for", "keep_firing_for"},
		{"another severity", `{ severities+: { PodCountStale: 'page' } }`, `"page"`, "ratio_rate1h"},
		{"links to nodes", `{ nodeDashboardUID: 'abc' }`, "/d/abc", "ratio_rate1h"},
		{"no links to nodes", `{}`, "for", `/d/`},
		{"alerts of watch mode", `{ watchAlerts: true }`, "PodCountWatchDrift", "ratio_rate1h"},
		{"no alerts of watch mode", `{}`, "for", "PodCountWatchDrift"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := render(tt.settings)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got, tt.has) || strings.Contains(got, tt.hasNot) {
				t.Errorf("%s: contains %q: %t, want true; contains %q: %t, want false", tt.settings, tt.has, strings.Contains(got, tt.has), tt.hasNot, strings.Contains(got, tt.hasNot))
			}
		})
	}
}

// TestREADMEExample evaluates mixin/README.md's example of plain jsonnet.
func TestREADMEExample(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```jsonnet\n(// pod-count.jsonnet.*?)```").FindSubmatch(text)
	if block == nil {
		t.Fatal("the README has no pod-count.jsonnet")
	}
	// As jsonnet-bundler puts it.
	vendor := t.TempDir()
	parent := filepath.Join(vendor, "github.com/kube-node-manager/pod_count_exporter")
	if err := os.MkdirAll(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	mixin, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(mixin, filepath.Join(parent, "mixin")); err != nil {
		t.Fatal(err)
	}
	vm := jsonnet.MakeVM()
	vm.StringOutput = true
	vm.Importer(&jsonnet.FileImporter{JPaths: []string{vendor}})
	files, err := vm.EvaluateAnonymousSnippetMulti("pod-count.jsonnet", string(block[1]))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 6 || !strings.Contains(files["alerts.yaml"], `job=\"my-exporter\"`) || !strings.Contains(files["rules.yaml"], "ratio_rate1h") {
		t.Errorf("%d files, want three of YAML and three dashboards", len(files))
	}
}
