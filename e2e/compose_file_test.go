//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestComposeFile holds every service of the compose file to the same, Grafana
// included, which cannot run here: its images are pinned, and what it mounts exists.
func TestComposeFile(t *testing.T) {
	t.Parallel()
	var file struct {
		Services map[string]composeService `json:"services"`
		Volumes  map[string]struct{}       `json:"volumes"`
	}
	readComposed(t, filepath.Base(composeFile), &file)
	if len(file.Services) != 5 {
		t.Errorf("%d services, want exporter, kubesim, prometheus, alertmanager and grafana", len(file.Services))
	}
	for name, service := range file.Services {
		service.check(t, name)
		for _, volume := range service.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, ok := file.Volumes[source]; ok {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(composeFile), source)); err != nil {
				t.Errorf("%s mounts what is not there: %v", name, err)
			}
		}
	}
}

type composeService struct {
	Image       string   `json:"image"`
	Ports       []string `json:"ports"`
	Volumes     []string `json:"volumes"`
	ReadOnly    bool     `json:"read_only"`
	CapDrop     []string `json:"cap_drop"`
	SecurityOpt []string `json:"security_opt"`
}

func (s composeService) check(t *testing.T, name string) {
	t.Helper()
	if !regexp.MustCompile(`:v?\d+\.\d+\.\d+$`).MatchString(s.Image) {
		t.Errorf("%s: image %s is not pinned", name, s.Image)
	}
	if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
		t.Errorf("%s is not sealed: %+v", name, s)
	}
	for _, port := range s.Ports {
		if !strings.HasPrefix(port, "127.0.0.1:") {
			t.Errorf("%s: port %s is open to others", name, port)
		}
	}
}

// TestGrafanaProvisioning holds the files that provision Grafana against what they
// name: the Prometheus of the compose file, and the folder of the dashboards.
func TestGrafanaProvisioning(t *testing.T) {
	t.Parallel()
	var sources struct {
		Datasources []struct {
			Type      string `json:"type"`
			URL       string `json:"url"`
			IsDefault bool   `json:"isDefault"`
		} `json:"datasources"`
	}
	readComposed(t, "grafana/datasources.yaml", &sources)
	if got := sources.Datasources; len(got) != 1 || got[0].Type != "prometheus" || got[0].URL != "http://prometheus:9090" || !got[0].IsDefault {
		t.Errorf("data sources %+v, want the Prometheus of the compose file", got)
	}
	var providers struct {
		Providers []struct {
			Type    string            `json:"type"`
			Options map[string]string `json:"options"`
		} `json:"providers"`
	}
	readComposed(t, "grafana/dashboards.yaml", &providers)
	if got := providers.Providers; len(got) != 1 || got[0].Type != "file" || got[0].Options["path"] != "/dashboards" {
		t.Errorf("dashboards from %+v, want the folder /dashboards", got)
	}
	var file struct {
		Services struct {
			Grafana struct {
				Volumes     []string          `json:"volumes"`
				Environment map[string]string `json:"environment"`
			} `json:"grafana"`
		} `json:"services"`
	}
	readComposed(t, "compose.yaml", &file)
	if !slices.Contains(file.Services.Grafana.Volumes, "../../mixin/generated/dashboards:/dashboards:ro") {
		t.Errorf("volumes %q hold no folder /dashboards", file.Services.Grafana.Volumes)
	}
	home := file.Services.Grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
	if _, err := os.Stat(strings.Replace(home, "/dashboards", "../mixin/generated/dashboards", 1)); err != nil {
		t.Errorf("the first dashboard: %v", err)
	}
}

func readComposed(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(composeFile), name))
	must(t, err)
	must(t, yaml.Unmarshal(text, into))
}
