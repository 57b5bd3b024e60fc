//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim/contract"
)

// TestContract holds the real API server against what the simulated one is
// written to, once with pages from the watch cache and once from etcd: only
// there do tokens expire at once when etcd is compacted.
func TestContract(t *testing.T) {
	t.Parallel()
	t.Run("pages from the watch cache", func(t *testing.T) {
		cp := startControlPlane(t, clusterArgs(11, 20, 500)...)
		target := contractTarget(t, cp)
		target.BookmarkWait = 4 * time.Minute // the first one has been seen to take two
		contract.Run(t, target)
	})
	t.Run("pages from etcd", func(t *testing.T) {
		cp := startControlPlane(t, append(clusterArgs(12, 20, 500), "--feature-gates=ListFromCacheSnapshot=false")...)
		target := contractTarget(t, cp)
		target.Expire = cp.compact
		contract.Run(t, target)
	})
}

func contractTarget(t *testing.T, cp *controlPlane) contract.Target {
	t.Helper()
	base, err := url.Parse(cp.api.cfg.Host)
	if err != nil {
		t.Fatal(err)
	}
	pods := podWriter{api: cp.api, names: names("contract")}
	return contract.Target{
		Client: cp.api.client, BaseURL: base,
		Node:       slices.Min(slices.Collect(maps.Keys(cp.truth.Nodes))),
		Nodes:      len(cp.truth.Nodes),
		ActivePods: int(cp.truth.ActivePods + cp.truth.UnknownNodePods),
		CreatePod:  pods.create, BindPod: pods.bind, TouchPod: pods.touch, SetPhase: pods.setPhase, DeletePod: pods.remove,
		AddNode: pods.addNode, RemoveNode: pods.removeNode,
	}
}

// names gives a new name at each call.
func names(prefix string) func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("%s-%d", prefix, n)
	}
}

// podWriter changes pods through the API. A pod's key is its namespace and its
// name with a slash between.
type podWriter struct {
	api   *api
	names func() string
}

func (w podWriter) create(ctx context.Context, node string) (string, error) {
	obj := newPod(w.names())
	obj["spec"].(object)["nodeName"] = node
	made, err := w.send(ctx, http.MethodPost, "/api/v1/namespaces/default/pods", obj)
	if err != nil {
		return "", err
	}
	meta, _ := made["metadata"].(map[string]any)
	return fmt.Sprintf("%s/%s", meta["namespace"], meta["name"]), nil
}

func (w podWriter) bind(ctx context.Context, key, node string) error {
	_, name, _ := strings.Cut(key, "/")
	_, err := w.send(ctx, http.MethodPost, podPath(key)+"/binding", object{
		"metadata": object{"name": name}, "target": object{"kind": "Node", "name": node},
	})
	return err
}

func (w podWriter) touch(ctx context.Context, key string) error { return w.label(ctx, key, "yes") }

func (w podWriter) label(ctx context.Context, key, value string) error {
	_, err := w.send(ctx, http.MethodPatch, podPath(key), object{"metadata": object{"labels": object{"touched": value}}})
	return err
}

func (w podWriter) setPhase(ctx context.Context, key string, phase corev1.PodPhase) error {
	_, err := w.send(ctx, http.MethodPatch, podPath(key)+"/status", object{"status": object{"phase": phase}})
	return err
}

func (w podWriter) remove(ctx context.Context, key string) error {
	_, err := w.send(ctx, http.MethodDelete, podPath(key), object{"gracePeriodSeconds": 0})
	return err
}

func (w podWriter) addNode(ctx context.Context) (string, error) {
	name := w.names()
	_, err := w.send(ctx, http.MethodPost, "/api/v1/nodes", object{"metadata": object{"name": name}})
	return name, err
}

func (w podWriter) removeNode(ctx context.Context, name string) error {
	_, err := w.send(ctx, http.MethodDelete, "/api/v1/nodes/"+name, object{})
	return err
}

func (w podWriter) send(ctx context.Context, method, path string, body object) (object, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	contentType := "application/json"
	if method == http.MethodPatch {
		contentType = "application/merge-patch+json"
	}
	return w.api.request(ctx, method, path, contentType, data)
}

func podPath(key string) string {
	namespace, name, _ := strings.Cut(key, "/")
	return "/api/v1/namespaces/" + namespace + "/pods/" + name
}
