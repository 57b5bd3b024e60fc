//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// impatient makes the mixin's alerts fire within a minute. Only the settings
// differ from what users get, not the rules.
const impatient = `{
	cacheTTLSeconds: 5, scrapeIntervalSeconds: 2, rateWindow: '20s', durationWindow: '30s', restartWindow: '20s',
	failuresFor: '25s', keepFiringFor: '5s', accessDeniedFor: '10s', staleTTLs: 4, staleFor: '15s', incompleteFor: '15s',
	slowFor: '15s', inconsistentFor: '10s', droppedOffset: '20s', droppedFor: '5s', noNodesMemory: '5m', noNodesFor: '15s',
	downFor: '10s', goneMemory: '1m', shardMissingFor: '10s', restartsWindow: '1m', configFor: '10s', capacityFor: '15s',
	podsStayFor: '20s', logAlerts: true, watchAlerts: true,
}`

// healthyFor is longer than any of the alerts above needs.
const healthyFor = 75 * time.Second

// TestMixin has a real Prometheus evaluate the mixin's rules over an exporter on
// a real control plane, and a real Alertmanager tell of the alerts.
func TestMixin(t *testing.T) {
	t.Parallel()
	const cluster = "production"
	cp := startControlPlane(t, append(clusterArgs(21, 20, 1500), "--unscheduled=0", "--unknown-node=0")...)
	p := startFaultProxy(t, cp, true)
	e := startExporter(t, p.kubeconfig(t, accountToken(t, cp)), "--kubernetes.cluster-name="+cluster,
		"--collector.cache-ttl=5s", "--collector.page-timeout=5s", "--collector.page-size=200", "--collector.max-page-size=200")
	hook := startWebhook(t)
	mixin := generateMixin(t, impatient)
	manager := startAlertmanager(t, hook, filepath.Join(mixin, "alertmanager", "inhibit_rules.yaml"))
	prom := startPrometheusWithMixin(t, mixin, manager, e)

	watchHealthyRun(t, prom, hook)
	wantRulesHaveData(t, prom, mixin)
	wantDashboardsHaveData(t, prom, mixin)

	p.inject(pods, silence, forever)
	const alert = "KubernetesAPITimeout"
	fired := hook.await(t, alert, "firing")
	if fired.Labels["cluster"] != cluster || fired.Labels["severity"] != "warning" ||
		!strings.Contains(fired.Annotations["description"], cluster) || !strings.HasSuffix(fired.Annotations["runbook_url"], alert+".md") {
		t.Errorf("the notification is %+v", fired)
	}
	eventually(t, "KubernetesAPITimeoutLogged fires too", func() bool {
		return len(prom.query(t, `ALERTS{alertname="KubernetesAPITimeoutLogged",alertstate="firing"}`)) == 1
	})
	wantGuideQueries(t, prom)
	p.heal()
	hook.await(t, "KubernetesAPITimeout", "resolved")
	wantTruth(t, e.scrape(t).counted(t), cp.truth)
}

// pods picks the requests for a page of pods.
func pods(asked page) bool { return asked.resource == "pods" }

// wantGuideQueries runs the queries of the operating guide, as they stand there,
// while an API server is late.
func wantGuideQueries(t *testing.T, prom *prometheus) {
	t.Helper()
	for _, query := range []string{
		`rate(log_messages_total{level="warning", message=~".*deadline exceeded.*"}[5m]) > 0`,
		`sum(rate(api_requests_total{status="success"}[5m])) / sum(rate(api_requests_total[5m]))`,
		`avg(pod_count_pages_total) by (cluster)`,
		`histogram_quantile(0.95, rate(pod_count_duration_seconds_bucket[5m]))`,
	} {
		// Only numbers equal themselves.
		if got := prom.query(t, "("+query+") >= 0"); len(got) == 0 {
			t.Errorf("no number for %s", query)
		}
	}
}

// startPrometheusWithMixin scrapes the exporter, evaluates the mixin's rules, and
// tells Alertmanager of the alerts.
func startPrometheusWithMixin(t *testing.T, mixin string, manager *listener, e *exporter) *prometheus {
	t.Helper()
	return startPrometheus(t, fmt.Sprintf(`
rule_files: [%[1]s/*.yaml]
alerting: {alertmanagers: [{static_configs: [{targets: [%[2]q]}]}]}
scrape_configs:
- {job_name: pod_count_exporter, honor_labels: true, static_configs: [{targets: [%[3]q]}]}
`, mixin, manager.address, strings.TrimPrefix(e.url, "http://")))
}

// generateMixin returns a folder with alerts.yaml, rules.yaml, the inhibition
// rules and dashboards.
func generateMixin(t *testing.T, settings string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "../scripts/mixin", "generate", binDir(t), dir, settings)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("generating the mixin: %v\n%s", err, output)
	}
	return dir
}

// watchHealthyRun has no alert fire for longer than any needs to.
func watchHealthyRun(t *testing.T, prom *prometheus, hook *webhook) {
	t.Helper()
	eventually(t, "the exporter has been scraped", func() bool {
		return len(prom.query(t, "cluster:node_active_pods:sum")) == 1
	})
	for end := time.Now().Add(healthyFor); time.Now().Before(end); time.Sleep(2 * time.Second) {
		if firing := prom.query(t, `ALERTS{alertstate="firing"}`); len(firing) > 0 {
			t.Fatalf("nothing is wrong, and yet there are alerts: %v", firing)
		}
	}
	if got := hook.received(); len(got) > 0 {
		t.Fatalf("nothing is wrong, and yet there are notifications: %v", got)
	}
}

// wantRulesHaveData asks for every recorded series.
func wantRulesHaveData(t *testing.T, prom *prometheus, mixin string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(mixin, "rules.yaml"))
	must(t, err)
	var file struct {
		Groups []struct {
			Rules []struct {
				Record string `json:"record"`
			} `json:"rules"`
		} `json:"groups"`
	}
	must(t, yaml.Unmarshal(data, &file))
	rules := 0
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			rules++
			if len(prom.query(t, rule.Record)) == 0 {
				t.Errorf("rule %s has recorded nothing", rule.Record)
			}
		}
	}
	if rules < 10 {
		t.Errorf("%d rules in %s, want all of them", rules, data)
	}
}

// dashboard is Grafana's, as far as its queries go.
type dashboard struct {
	Title  string `json:"title"`
	Panels []struct {
		Title   string `json:"title"`
		Targets []struct {
			Expr    string `json:"expr"`
			Instant bool   `json:"instant"`
		} `json:"targets"`
	} `json:"panels"`
	Templating struct {
		List []struct {
			Name       string `json:"name"`
			Definition string `json:"definition"`
		} `json:"list"`
	} `json:"templating"`
}

// wantDashboardsHaveData runs every query of every dashboard and variable, the
// way Grafana does.
func wantDashboardsHaveData(t *testing.T, prom *prometheus, mixin string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(mixin, "dashboards", "*.json"))
	must(t, err)
	queries := 0
	// "All" is what the variables begin with.
	fill := strings.NewReplacer("$cluster", ".+", "$node", ".+")
	for _, file := range files {
		var d dashboard
		data, err := os.ReadFile(file)
		must(t, err)
		must(t, json.Unmarshal(data, &d))
		for _, v := range d.Templating.List {
			match, label, found := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(v.Definition, ")"), "label_values("), "}, ")
			if found && len(prom.values(t, fill.Replace(match)+"}", label)) == 0 {
				t.Errorf("%s: variable %s has no values", d.Title, v.Name)
			}
		}
		for _, panel := range d.Panels {
			for _, target := range panel.Targets {
				queries++
				if onlyWatched().MatchString(target.Expr) {
					continue
				}
				run := prom.queryRange
				if target.Instant {
					run = prom.query
				}
				if len(run(t, fill.Replace(target.Expr))) == 0 {
					t.Errorf("%s / %s: no data for %s", d.Title, panel.Title, target.Expr)
				}
			}
		}
	}
	t.Logf("%d queries of %d dashboards have data", queries, len(files))
	if len(files) != 3 || queries < 40 {
		t.Errorf("%d queries in %d dashboards, want all of them", queries, len(files))
	}
}

// onlyWatched matches queries of what an exporter in list mode does not have.
func onlyWatched() *regexp.Regexp {
	return regexp.MustCompile(`\bpod_count_(watch|bound|left)_|mode="watch"`)
}
