package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

func TestRunRefuses(t *testing.T) {
	busy := "127.0.0.1:99999"
	for _, tc := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"unknown flag", []string{"--bogus"}, exitUsage, "--bogus"},
		{"a word for a number", []string{"--nodes=many"}, exitUsage, "many"},
		{"negative pods", []string{"--pods=-1"}, exitUsage, "Pods: -1"},
		{"more empty nodes than nodes", []string{"--nodes=2", "--empty-nodes=3"}, exitUsage, "EmptyNodes: 3"},
		{"token without TLS", []string{"--token=hidden"}, exitUsage, "--token needs --tls"},
		{"negative latency", []string{"--latency=-1s"}, exitUsage, "--latency"},
		{"negative slowness", []string{"--slow-for=-1s"}, exitUsage, "--slow-for"},
		{"advertised without a host", []string{"--advertise-url=http://"}, exitUsage, "--advertise-url"},
		{"advertised without TLS", []string{"--advertise-url=https://kubesim:6443"}, exitUsage, "http://HOST:PORT"},
		{"bad address", []string{"--listen-address=" + busy}, exitFailure, busy},
		{"kubeconfig nowhere", []string{"--kubeconfig-out=/nonexistent/dir/config"}, exitFailure, "--kubeconfig-out"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stderr strings.Builder
			code := run(t.Context(), tc.args, io.Discard, &stderr)
			if code != tc.code || !strings.Contains(stderr.String(), tc.says) {
				t.Errorf("exit code %d and %q, want %d and a line with %q", code, stderr.String(), tc.code, tc.says)
			}
			if strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("standard error has not one line: %q", stderr.String())
			}
		})
	}
}

func TestRunHelp(t *testing.T) {
	var stdout strings.Builder
	if code := run(t.Context(), []string{"--help"}, &stdout, io.Discard); code != exitOK {
		t.Errorf("exit code %d, want %d", code, exitOK)
	}
	if !strings.Contains(stdout.String(), "--kubeconfig-out") {
		t.Errorf("help does not name the flags: %q", stdout.String())
	}
}

// full is a device without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestRunHelpThatCannotBeWritten(t *testing.T) {
	var stderr strings.Builder
	if code := run(t.Context(), []string{"--help"}, full{}, &stderr); code != exitFailure || !strings.HasPrefix(stderr.String(), "kubesim: error: writing to standard output: ") {
		t.Errorf("exit code %d, standard error %q", code, stderr.String())
	}
}

func TestRunServes(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		mode os.FileMode // of the kubeconfig
	}{
		{"plain", nil, 0o644},
		{"with TLS", []string{"--tls"}, 0o644},
		{"with TLS and a token", []string{"--tls", "--token=hidden"}, 0o600},
		{"with churn", []string{"--churn=1ms"}, 0o644},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kubeconfig")
			stop := start(t, append(tc.args, "--kubeconfig-out="+path, "--nodes=3", "--pods=10"))
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != tc.mode {
				t.Errorf("kubeconfig: mode %v, error %v, want %v", info.Mode().Perm(), err, tc.mode)
			}
			if n := countNodes(t, path); n != 3 {
				t.Errorf("%d nodes through the kubeconfig, want 3", n)
			}
			if code := stop(); code != exitOK {
				t.Errorf("exit code %d after the signal, want %d", code, exitOK)
			}
		})
	}
}

// start runs the program until its first line of output; the function it
// returns ends it and gives its exit code.
func start(t *testing.T, args []string) func() int {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	code := make(chan int, 1)
	go func() { code <- run(ctx, args, stdout, os.Stderr) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, "127.0.0.1:") || strings.Contains(line, "hidden") {
		t.Fatalf("first line %q, error %v: want an address and no token", line, err)
	}
	return func() int {
		cancel()
		return <-code
	}
}

func countNodes(t *testing.T, kubeconfig string) int {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, config.Host+"/api/v1/nodes", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var list struct{ Items []json.RawMessage }
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return len(list.Items)
}

func TestAdvertiseURL(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		url  string
	}{
		{"plain", nil, "http://kubesim:6443"},
		{"with TLS", []string{"--tls"}, "https://kubesim:6443"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kubeconfig")
			ctx, cancel := context.WithCancel(t.Context())
			out, stdout := io.Pipe()
			code := make(chan int, 1)
			args := slices.Concat(tc.args, []string{"--kubeconfig-out=" + path, "--advertise-url=" + tc.url})
			go func() { code <- run(ctx, args, stdout, os.Stderr) }()
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil || !strings.HasSuffix(line, tc.url+"\n") {
				t.Errorf("first line %q, error %v: want %s at its end", line, err, tc.url)
			}
			config, err := clientcmd.BuildConfigFromFlags("", path)
			if err != nil || config.Host != tc.url {
				t.Errorf("server %q, error %v, want %q", config.Host, err, tc.url)
			}
			if block, _ := pem.Decode(config.CAData); block != nil {
				certificate, err := x509.ParseCertificate(block.Bytes)
				if err != nil || certificate.VerifyHostname("kubesim") != nil {
					t.Errorf("the certificate is not for kubesim: %v", err)
				}
			} else if len(tc.args) > 0 {
				t.Error("the kubeconfig has no CA")
			}
			cancel()
			if got := <-code; got != exitOK {
				t.Errorf("exit code %d, want %d", got, exitOK)
			}
		})
	}
}

func TestPageLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := options{latency: time.Second, slow: slowness{latency: time.Minute, after: time.Hour, length: time.Hour}}
		latency := opts.pageLatency(time.Now())
		for _, want := range []time.Duration{time.Second, time.Minute, time.Second} {
			if got := latency(1, 1); got != want {
				t.Errorf("a page takes %s, want %s", got, want)
			}
			time.Sleep(time.Hour)
		}
		opts.slow.length = 0
		if got := opts.pageLatency(time.Now().Add(-100*time.Hour))(1, 1); got != time.Minute {
			t.Errorf("slow for good: a page takes %s, want %s", got, time.Minute)
		}
	})
}
