package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// thousand is a directory with that many kubeconfigs for a server, one in ten of them
// broken in one of all the ways.
func thousand(t testing.TB, url string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var broken []string
	for _, b := range brokenContexts() {
		broken = append(broken, b.content)
	}
	for i := range 1000 {
		name := fmt.Sprintf("cluster-%04d", i)
		content := contextOf(name, at(url), "")
		if i%10 == 9 {
			content = strings.ReplaceAll(broken[i/10%len(broken)], "bad", name)
		}
		put(t, filepath.Join(dir, name), content)
	}
	return dir
}

func TestThousandKubeconfigs(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	e := start(t, "--kubeconfig="+thousand(t, server.URL), "--collector.concurrency=100")
	for status := 0; status != http.StatusOK; { // it listens before it is ready
		status, _ = e.get(t, "/-/ready")
	}
	for pods := 0.0; pods != 900*25; {
		_, body := e.get(t, "/metrics")
		var nodes int
		if pods, nodes = sum(t, body, "node_active_pods"); pods > 900*25 || nodes > 900*3 {
			t.Fatalf("%v pods on %d nodes", pods, nodes)
		}
		if invalid, err := strconv.Atoi(sample(body, "pod_count_config_invalid_contexts")); err != nil || invalid != 100 {
			t.Fatalf("%d invalid contexts, want 100", invalid)
		}
	}
}

// BenchmarkThousandKubeconfigs measures the start of the program on a thousand
// kubeconfigs, up to its listening, then a check for changes and reloads.
func BenchmarkThousandKubeconfigs(b *testing.B) {
	server := httptest.NewServer(http.NotFoundHandler())
	b.Cleanup(server.Close)
	args := []string{"--log.level=error", "--kubeconfig=" + thousand(b, server.URL)}
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			opened(b, io.Discard, args...)
		}
	})
	b.Run("look", func(b *testing.B) {
		a := opened(b, io.Discard, args...)
		for b.Loop() {
			if a.fleet.loader.Changed() {
				b.Fatal("nothing has changed")
			}
		}
	})
	b.Run("reload", func(b *testing.B) {
		a := opened(b, io.Discard, args...)
		a.fleet.queue.pause = 0
		for b.Loop() {
			if err := a.fleet.reload("request"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("20 reloads at once", func(b *testing.B) {
		a := opened(b, io.Discard, args...)
		a.fleet.queue.pause = 0
		for b.Loop() {
			var group sync.WaitGroup
			for range 20 {
				group.Go(func() {
					if err := a.fleet.reload("request"); err != nil {
						b.Error(err)
					}
				})
			}
			group.Wait()
		}
	})
}
