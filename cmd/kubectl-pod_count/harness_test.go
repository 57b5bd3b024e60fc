package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// desk is a user's machine: a kubeconfig with simulated clusters, and two streams.
type desk struct {
	t              *testing.T
	config         *clientcmdapi.Config
	dir            string
	stdout, stderr buffer
	out, err       screen
	jobs           jobControl
}

// patience is when a test gives up; nothing takes near as long.
const patience = 30 * time.Second

// buffer can be read while it is written.
type buffer struct {
	mu      sync.Mutex
	text    strings.Builder
	awaited func(string) bool
	found   chan struct{} // closed when what is awaited is there
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, err := b.text.Write(p)
	if b.found != nil && b.awaited(b.text.String()) {
		close(b.found)
		b.found = nil
	}
	return n, err
}

// await returns once a text has been written. One at a time.
func (b *buffer) await(text string) {
	b.awaitThat(func(all string) bool { return strings.Contains(all, text) })
}

// awaitThat returns once all that has been written is as it is wanted.
func (b *buffer) awaitThat(wanted func(all string) bool) {
	found := make(chan struct{})
	b.mu.Lock()
	if wanted(b.text.String()) {
		close(found)
	} else {
		b.awaited, b.found = wanted, found
	}
	b.mu.Unlock()
	select {
	case <-found:
	case <-time.After(patience):
		panic("what is awaited has not been written: " + b.String())
	}
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	return &desk{t: t, config: clientcmdapi.NewConfig(), dir: t.TempDir(), out: screen{width: 80}, err: screen{width: 80}}
}

// add starts a simulated cluster, which is the current context if it is the first.
func (d *desk) add(name string, change func(*kubesim.Config)) *kubesim.Server {
	d.t.Helper()
	cfg := kubesim.DefaultConfig()
	cfg.Cluster, cfg.Nodes, cfg.Pods, cfg.Finished, cfg.Unscheduled, cfg.EmptyNodes = name, 6, 60, 12, 3, 1
	if change != nil {
		change(&cfg)
	}
	sim, err := kubesim.New(cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	d.serve(name, sim)
	return sim
}

// serve adds a context for whatever answers.
func (d *desk) serve(name string, handler http.Handler) {
	d.t.Helper()
	server := httptest.NewServer(handler)
	d.t.Cleanup(server.Close)
	d.config.Clusters[name] = &clientcmdapi.Cluster{Server: server.URL}
	d.config.Contexts[name] = &clientcmdapi.Context{Cluster: name}
	if d.config.CurrentContext == "" {
		d.config.CurrentContext = name
	}
}

func (d *desk) kubeconfig() string { return filepath.Join(d.dir, "config") }

// run runs the program with these arguments.
func (d *desk) run(ctx context.Context, args ...string) (code int) {
	d.t.Helper()
	return d.runOn(ctx, &d.stdout, args...)
}

// runOn runs it with another standard output.
func (d *desk) runOn(ctx context.Context, stdout io.Writer, args ...string) (code int) {
	d.t.Helper()
	if err := clientcmd.WriteToFile(*d.config, d.kubeconfig()); err != nil {
		d.t.Fatal(err)
	}
	return run(ctx, args, surroundings{
		stdout: stdout, stderr: &d.stderr, out: d.out, err: d.err,
		env: cluster.Env{
			Getenv: func(name string) string { return map[string]string{"KUBECONFIG": d.kubeconfig()}[name] },
			Home:   func() (string, error) { return d.dir, nil },
		},
		cacheDir: func() (string, error) { return filepath.Join(d.dir, "cache"), nil },
		now:      time.Now,
		jobs:     d.jobs,
	})
}

// want checks the exit code, and that standard output has these texts.
func (d *desk) want(code, want int, texts ...string) {
	d.t.Helper()
	if code != want {
		d.t.Errorf("exit code %d, want %d", code, want)
	}
	for _, text := range texts {
		if !strings.Contains(d.stdout.String(), text) {
			d.t.Errorf("standard output lacks %q:\n%s", text, d.stdout.String())
		}
	}
}

// wantErrors checks that standard error is made of lines that begin so.
func (d *desk) wantErrors(lines ...string) {
	d.t.Helper()
	got := strings.Split(strings.TrimSuffix(d.stderr.String(), "\n"), "\n")
	if len(got) != max(1, len(lines)) {
		d.t.Errorf("standard error has %d lines, want %d:\n%s", len(got), len(lines), d.stderr.String())
		return
	}
	for i, line := range lines {
		if !strings.HasPrefix(got[i], line) {
			d.t.Errorf("line %d of standard error is %q, want it to begin with %q", i, got[i], line)
		}
	}
	if len(lines) == 0 && got[0] != "" {
		d.t.Errorf("standard error is not empty:\n%s", d.stderr.String())
	}
}
