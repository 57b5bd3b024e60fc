package contract_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim/contract"
)

func TestKubesim(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*kubesim.Config)
	}{
		{"many pods", func(c *kubesim.Config) { c.Pods = 600 }},
		{"few pods", func(c *kubesim.Config) { c.Nodes, c.Pods, c.Finished, c.Unscheduled = 2, 5, 0, 0 }},
		{"pods on nodes that are gone", func(c *kubesim.Config) { c.Nodes, c.Pods, c.UnknownNode, c.Seed = 9, 300, 50, 7 }},
		{"hardly any active pods", func(c *kubesim.Config) { c.Nodes, c.Pods, c.Finished = 3, 6, 900 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := kubesim.DefaultConfig()
			cfg.BookmarkInterval = 10 * time.Millisecond
			tc.edit(&cfg)
			sim, err := kubesim.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(sim)
			t.Cleanup(server.Close)
			contract.Run(t, target(t, sim, server, cfg))
		})
	}
}

func target(t *testing.T, sim *kubesim.Server, server *httptest.Server, cfg kubesim.Config) contract.Target {
	t.Helper()
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return contract.Target{
		Client: &http.Client{Transport: &http.Transport{DisableCompression: true}}, BaseURL: base,
		Node: sim.NodeNames()[0], Nodes: cfg.Nodes, ActivePods: cfg.Pods + cfg.UnknownNode,
		CreatePod:  func(_ context.Context, node string) (string, error) { return sim.CreatePod(node), nil },
		BindPod:    func(_ context.Context, key, node string) error { return sim.BindPod(key, node) },
		TouchPod:   func(_ context.Context, key string) error { return sim.TouchPod(key) },
		SetPhase:   func(_ context.Context, key string, phase corev1.PodPhase) error { return sim.SetPhase(key, phase) },
		DeletePod:  func(_ context.Context, key string) error { return sim.DeletePod(key) },
		AddNode:    func(context.Context) (string, error) { return sim.AddNode(), nil },
		RemoveNode: func(_ context.Context, name string) error { return sim.RemoveNode(name) },
		Expire: func(context.Context) error {
			sim.Compact()
			return nil
		},
		BookmarkWait: time.Minute,
	}
}
