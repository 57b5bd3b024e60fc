package main

import (
	"io"
	"net"
	"strings"
	"testing"
)

// refuse runs the program with arguments that it must refuse, and returns the
// line it says.
func refuse(t *testing.T, code int, args ...string) string {
	t.Helper()
	var stderr strings.Builder
	if got := run(t.Context(), args, noEnv(), io.Discard, &stderr); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	line, rest, _ := strings.Cut(stderr.String(), "\n")
	if rest != "" || !strings.HasPrefix(line, program+": error: ") {
		t.Errorf("standard error is not one line of an error:\n%s", &stderr)
	}
	if strings.Contains(line, canary) {
		t.Errorf("the error holds a secret: %s", line)
	}
	return line
}

func TestRunRefusesFlags(t *testing.T) {
	// want are the parts that the line must hold.
	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"unknown flag", []string{"--bogus"}, []string{"--bogus", "; see pod_count_exporter --help"}},
		{"argument", []string{"stray"}, []string{`unexpected "stray"`, "expected a flag", "; see pod_count_exporter --help"}},
		{"second value of a flag", []string{"--kubeconfig", "a", "b"}, []string{`unexpected "b"`, "expected a flag"}},
		{"value of a switch", []string{"--kubernetes.all-contexts=true"}, []string{`unexpected "true"`, "switches have none"}},
		{"empty kubeconfig", []string{"--kubeconfig="}, []string{`--kubeconfig=""`, "the path is empty"}},
		{"empty kubeconfig beside another", []string{"--kubeconfig=/nonexistent/file", "--kubeconfig="}, []string{`--kubeconfig=""`, "the path is empty"}},
		{"all contexts and one", []string{"--kubernetes.all-contexts", "--kubernetes.context=a"}, []string{"--kubernetes.all-contexts", "--kubernetes.context", "together"}},
		{"empty name of the cluster", []string{"--kubernetes.cluster-name="}, []string{`--kubernetes.cluster-name=""`, "empty"}},
		{"source of names", []string{"--kubernetes.cluster-name-from=server"}, []string{`--kubernetes.cluster-name-from="server"`, "context, cluster, file, file/context"}},
		{"flag without its value", []string{"--log.level"}, []string{"--log.level", "; see pod_count_exporter --help"}},
		{"flag twice", []string{"--log.level=info", "--log.level=warn"}, []string{"log.level"}},
		{"page size 0", []string{"--collector.page-size=0"}, []string{"--collector.page-size=0", "at least 1"}},
		{"page size below 0", []string{"--collector.page-size=-1"}, []string{"--collector.page-size=-1"}},
		{"page size in words", []string{"--collector.page-size=many"}, []string{`--collector.page-size="many"`, "whole number"}},
		{"page size out of range", []string{"--collector.page-size=99999999999999999999"}, []string{"--collector.page-size", "out of range"}},
		{"page size over the largest", []string{"--collector.page-size=600", "--collector.max-page-size=500"}, []string{"--collector.max-page-size=500", "600"}},
		{"no attempts", []string{"--collector.page-attempts=0"}, []string{"--collector.page-attempts=0"}},
		{"no page timeout", []string{"--collector.page-timeout=0s"}, []string{"--collector.page-timeout=0s"}},
		{"page timeout without a unit", []string{"--collector.page-timeout=30"}, []string{`--collector.page-timeout="30"`, "duration"}},
		{"no cache TTL", []string{"--collector.cache-ttl=0s"}, []string{"--collector.cache-ttl=0s"}},
		{"staleness below the cache TTL", []string{"--collector.max-staleness=1m"}, []string{"--collector.max-staleness=1m", "5m"}},
		{"offset below 0", []string{"--web.timeout-offset=-1s"}, []string{"--web.timeout-offset=-1s"}},
		{"offset over any timeout", []string{"--web.timeout-offset=2m"}, []string{"--web.timeout-offset=2m0s"}},
		{"requests below 0", []string{"--web.max-requests=-1"}, []string{"--web.max-requests=-1", "negative"}},
		{"no clusters at once", []string{"--collector.concurrency=0"}, []string{"--collector.concurrency=0", "at least 1"}},
		{"namespace that cannot be", []string{"--collector.namespace=Kube_System"}, []string{`--collector.namespace: "Kube_System"`, "lower case"}},
		{"namespace twice", []string{"--collector.namespace=a", "--collector.namespace=a"}, []string{`--collector.namespace: "a"`, "twice"}},
		{"empty namespace", []string{"--collector.namespace="}, []string{`--collector.namespace: ""`}},
		{"shard without a count", []string{"--shard=1"}, []string{`--shard="1"`, "INDEX/COUNT"}},
		{"shard past the count", []string{"--shard=3/3"}, []string{`--shard="3/3"`, "from 0 to 2"}},
		{"no shards", []string{"--shard=0/0"}, []string{`--shard="0/0"`, "from 1"}},
		{"shard of no StatefulSet", []string{"--shard=auto/3"}, []string{`--shard="auto/3"`, `POD_NAME=""`}},
		{"path of the API", []string{"--web.telemetry-path=/api/v1/metrics"}, []string{`--web.telemetry-path="/api/v1/metrics"`, "another endpoint"}},
		{"path of the discovery", []string{"--web.telemetry-path=/sd"}, []string{`--web.telemetry-path="/sd"`, "another endpoint"}},
		{"address without a port", []string{"--web.listen-address=localhost"}, []string{`--web.listen-address="localhost"`}},
		{"port in words", []string{"--web.listen-address=:many"}, []string{`--web.listen-address=":many"`}},
		{"port out of range", []string{"--web.listen-address=:65536"}, []string{`--web.listen-address=":65536"`, "65535"}},
		{"second address", []string{"--web.listen-address=:0", "--web.listen-address=[::1"}, []string{`--web.listen-address="[::1"`}},
		{"vsock without a port", []string{"--web.listen-address=vsock://"}, []string{`--web.listen-address="vsock://"`}},
		{"path without a slash", []string{"--web.telemetry-path=metrics"}, []string{`--web.telemetry-path="metrics"`, "slash"}},
		{"path of the status page", []string{"--web.telemetry-path=/"}, []string{`--web.telemetry-path="/"`, "status page"}},
		{"path of a cluster's page", []string{"--web.telemetry-path=/cluster"}, []string{`--web.telemetry-path="/cluster"`, "another endpoint"}},
		{"path of the assets", []string{"--web.telemetry-path=/assets/m"}, []string{`--web.telemetry-path="/assets/m"`, "another endpoint"}},
		{"path of another endpoint", []string{"--web.telemetry-path=/-/ready"}, []string{`--web.telemetry-path="/-/ready"`}},
		{"path of the profiles", []string{"--web.telemetry-path=/debug/pprof"}, []string{`--web.telemetry-path="/debug/pprof"`}},
		{"path with a slash at its end", []string{"--web.telemetry-path=/metrics/"}, []string{`--web.telemetry-path="/metrics/"`}},
		{"path with a wildcard", []string{"--web.telemetry-path=/{x}"}, []string{`--web.telemetry-path="/{x}"`}},
		{"empty path", []string{"--web.telemetry-path="}, []string{`--web.telemetry-path=""`}},
		{"log level", []string{"--log.level=loud"}, []string{`--log.level="loud"`, "debug, info, warn, error"}},
		{"log format", []string{"--log.format=xml"}, []string{`--log.format="xml"`, "logfmt, json"}},
		{"several lines in a value", []string{"--log.level=a\nb"}, []string{"--log.level"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			contains(t, refuse(t, exitUsage, tt.args...), tt.want)
		})
	}
}

func TestRunRefusesFiles(t *testing.T) {
	good := kubeconfig(t, "http://127.0.0.1:1")
	bad := write(t, "bad", "users: [{name: u, user: {token: ["+canary+"]}}]")
	badURL := kubeconfig(t, "ftp://u:"+canary+"@host")
	web := func(content string) string {
		return "--web.config.file=" + write(t, "web.yml", content)
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })

	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"no kubeconfig anywhere", nil, []string{"--kubeconfig", "KUBECONFIG"}},
		{"missing kubeconfig", []string{"--kubeconfig=/nonexistent/file"}, []string{`--kubeconfig="/nonexistent/file"`, "no such file"}},
		{"malformed kubeconfig", []string{"--kubeconfig=" + bad}, []string{"--kubeconfig", bad, "not a valid kubeconfig"}},
		{"server that is not HTTP", []string{"--kubeconfig=" + badURL}, []string{"--kubeconfig", badURL, `context "sim"`}},
		{"unknown context", []string{"--kubeconfig=" + good, "--kubernetes.context=gone"}, []string{`--kubernetes.context="gone"`, good}},
		{"two clusters of one name", []string{"--kubeconfig=" + good, "--kubeconfig=" + kubeconfig(t, "http://127.0.0.1:2")}, []string{"two clusters", `"sim"`}},
		{"missing web configuration", []string{"--kubeconfig=" + good, "--web.config.file=/nonexistent/web"}, []string{`--web.config.file="/nonexistent/web"`, "no such file"}},
		{"web configuration with a password for a map", []string{"--kubeconfig=" + good, web("basic_auth_users: " + canary)}, []string{"--web.config.file", "line 1"}},
		{"web configuration with a password in clear", []string{"--kubeconfig=" + good, web("basic_auth_users: {u: " + canary + "}")}, []string{"--web.config.file", "bcrypt"}},
		{"web configuration without its certificate", []string{"--kubeconfig=" + good, web("tls_server_config: {cert_file: gone, key_file: gone}")}, []string{"--web.config.file", "cert_file"}},
		{"port in use", []string{"--kubeconfig=" + good, "--web.listen-address=" + busy.Addr().String()}, []string{"--web.listen-address", busy.Addr().String(), "in use"}},
		{"second port in use", []string{"--kubeconfig=" + good, "--web.listen-address=127.0.0.1:0", "--web.listen-address=" + busy.Addr().String()}, []string{"--web.listen-address", "in use"}},
		{"no systemd sockets", []string{"--kubeconfig=" + good, "--web.systemd-socket"}, []string{"--web.systemd-socket"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			contains(t, refuse(t, exitFailed, tt.args...), tt.want)
		})
	}
}

func contains(t *testing.T, line string, want []string) {
	t.Helper()
	for _, part := range want {
		if !strings.Contains(line, part) {
			t.Errorf("the line does not name %q: %s", part, line)
		}
	}
}
