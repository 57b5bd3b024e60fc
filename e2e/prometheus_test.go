//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// tool finds a program of others that the Makefile has built.
func tool(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(binDir(t), name)
}

func binDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("BIN_DIR")
	if dir == "" {
		t.Fatal("BIN_DIR does not name a folder: run make e2e")
	}
	return dir
}

// listener is a program that says where it listens.
type listener struct {
	*process
	address string
}

func startListener(t *testing.T, name string, args ...string) *listener {
	t.Helper()
	l := &listener{process: start(t, tool(t, name), args...)}
	line := l.await(t, `msg="Listening on"`)
	if l.address = regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line); l.address == "" {
		t.Fatalf("no address in %q", line)
	}
	return l
}

// prometheus is a running Prometheus.
type prometheus struct{ *listener }

// startPrometheus scrapes every two seconds. config is the rest of the
// configuration file.
func startPrometheus(t *testing.T, config string) *prometheus {
	t.Helper()
	return startPrometheusWith(t, "external_labels: {}", config)
}

// startPrometheusWith has one more setting in the part global.
func startPrometheusWith(t *testing.T, global, config string) *prometheus {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	config = "global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s, " + global + "}\n" + config
	must(t, os.WriteFile(file, []byte(config), 0o600))
	p := &prometheus{startListener(t, "prometheus", "--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0")}
	p.await(t, "Server is ready to receive web requests")
	return p
}

// series is one of the result of a query.
type series struct {
	Metric map[string]string `json:"metric"`
}

// query returns the series of an instant query at present.
func (p *prometheus) query(t *testing.T, expr string) []series {
	t.Helper()
	var data struct {
		Result []series `json:"result"`
	}
	p.get(t, "/api/v1/query", url.Values{"query": {expr}}, &data)
	return data.Result
}

// queryRange returns the series of a query over the last minute.
func (p *prometheus) queryRange(t *testing.T, expr string) []series {
	t.Helper()
	var data struct {
		Result []series `json:"result"`
	}
	now := time.Now()
	p.get(t, "/api/v1/query_range", url.Values{
		"query": {expr}, "step": {"2"},
		"start": {fmt.Sprint(now.Add(-time.Minute).Unix())}, "end": {fmt.Sprint(now.Unix())},
	}, &data)
	return data.Result
}

// values returns those that a label has among the series that match.
func (p *prometheus) values(t *testing.T, match, label string) []string {
	t.Helper()
	var names []string
	p.get(t, "/api/v1/label/"+label+"/values", url.Values{"match[]": {match}}, &names)
	return names
}

// get reads the data of an answer of Prometheus's HTTP API.
func (p *prometheus) get(t *testing.T, path string, query url.Values, data any) {
	t.Helper()
	status, body := fetch(t, http.MethodGet, "http://"+p.address+path+"?"+query.Encode())
	answer := struct {
		Status string `json:"status"`
		Error  string `json:"error"`
		Data   any    `json:"data"`
	}{Data: data}
	must(t, json.Unmarshal(body, &answer))
	if answer.Status != "success" {
		t.Fatalf("%s %v: status %d: %s", path, query, status, answer.Error)
	}
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(startLimit); !yes(); {
		if time.Now().After(deadline) {
			t.Fatalf("after %s, still not: %s", startLimit, what)
		}
		time.Sleep(200 * time.Millisecond)
	}
}
