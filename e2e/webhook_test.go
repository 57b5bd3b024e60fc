//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// notification is one alert as Alertmanager tells it.
type notification struct {
	Status      string            `json:"status"` // firing or resolved
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// webhook receives what Alertmanager sends.
type webhook struct {
	server *httptest.Server
	mu     sync.Mutex
	got    []notification
}

func startWebhook(t *testing.T) *webhook {
	t.Helper()
	w := &webhook{}
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	return w
}

// ServeHTTP takes a group of alerts.
func (w *webhook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	var group struct {
		Alerts []notification `json:"alerts"`
	}
	if err := json.NewDecoder(r.Body).Decode(&group); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, group.Alerts...)
}

// received is everything so far.
func (w *webhook) received() []notification {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.got)
}

// await returns the first notification of an alert with a status.
func (w *webhook) await(t *testing.T, alert, status string) notification {
	t.Helper()
	var found notification
	eventually(t, alert+" is "+status+" at the webhook", func() bool {
		return slices.ContainsFunc(w.received(), func(n notification) bool {
			found = n
			return n.Labels["alertname"] == alert && n.Status == status
		})
	})
	return found
}

// startAlertmanager tells the webhook of every alert, as soon as it can, but for
// those that the file's rules inhibit.
func startAlertmanager(t *testing.T, w *webhook, inhibition string) *listener {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "alertmanager.yml")
	config := fmt.Sprintf(`
route: {receiver: test, group_by: [alertname, cluster], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}
receivers: [{name: test, webhook_configs: [{url: %q, send_resolved: true}]}]
`, w.server.URL)
	rules, err := os.ReadFile(inhibition)
	must(t, err)
	config += string(rules)
	must(t, os.WriteFile(file, []byte(config), 0o600))
	return startListener(t, "alertmanager", "--config.file="+file, "--storage.path="+filepath.Join(dir, "data"),
		"--web.listen-address=127.0.0.1:0", "--cluster.listen-address=")
}
