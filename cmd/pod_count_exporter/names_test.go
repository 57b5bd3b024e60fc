package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Two clusters of kubeadm have the same names everywhere.
func TestClusterNameFrom(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	admin := strings.ReplaceAll(contextOf("kubernetes-admin@kubernetes", at(server.URL), ""), "name: c,", "name: kubernetes,")
	admin = strings.ReplaceAll(admin, "cluster: c,", "cluster: kubernetes,")
	two := map[string]string{"east.conf": admin, "west.yaml": admin}
	for _, tt := range []struct {
		name  string
		files map[string]string
		args  []string
		want  []string // nothing can be counted if nil
	}{
		{"context", two, nil, nil},
		{"context of one", map[string]string{"east.conf": admin}, nil, []string{"kubernetes-admin@kubernetes"}},
		{"cluster", map[string]string{"east.conf": admin}, []string{"--kubernetes.cluster-name-from=cluster"}, []string{"kubernetes"}},
		{"cluster of two", two, []string{"--kubernetes.cluster-name-from=cluster"}, nil},
		{"file", two, []string{"--kubernetes.cluster-name-from=file"}, []string{"east", "west"}},
		{"file and context", two, []string{"--kubernetes.cluster-name-from=file/context"}, []string{"east/kubernetes-admin@kubernetes", "west/kubernetes-admin@kubernetes"}},
		{"name", map[string]string{"east.conf": admin}, []string{"--kubernetes.cluster-name=prod"}, []string{"prod"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := slices.Concat(tt.args, []string{"--kubeconfig=" + directory(t, tt.files)})
			if tt.want == nil {
				contains(t, refuse(t, exitFailed, args...), []string{"two clusters are named", "east.conf", "west.yaml"})
				return
			}
			start(t, args...).wantClusters(t, "1", tt.want...)
		})
	}
}

// A new cluster that takes a name disturbs neither the one that has the name nor the
// others.
func TestNameThatIsTaken(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	good := func(name string) string { return contextOf(name, at(server.URL), "") }
	dir := directory(t, map[string]string{"b": good("one"), "c": good("two")})
	e := start(t, "--kubeconfig="+dir)
	e.wantClusters(t, "1", "one", "two")
	newcomer := filepath.Join(dir, "a")
	put(t, newcomer, good("one"))
	for range 2 {
		e.reload(t, http.StatusOK, "reloaded")
		e.wantClusters(t, "1", "one", "two")
	}
	if _, body := e.get(t, "/metrics"); sample(body, "pod_count_config_invalid_contexts") != "1" {
		t.Errorf("the newcomer is not counted as invalid:\n%s", body)
	}
	if said := strings.Count(e.log.String(), `msg="Cluster cannot be used" cluster=one err="two clusters are named`); said != 1 || !strings.Contains(e.log.String(), newcomer) {
		t.Errorf("the log tells of the newcomer %d times:\n%s", said, e.log)
	}
}

// A path that is given twice is read once.
func TestGivenTwice(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	dir := directory(t, map[string]string{"a.yaml": contextOf("a", at(server.URL), "")})
	file := filepath.Join(dir, "a.yaml")
	for name, args := range map[string][]string{
		"file":               {"--kubeconfig=" + file, "--kubeconfig=" + file},
		"context":            {"--kubeconfig=" + file, "--kubernetes.context=a", "--kubernetes.context=a"},
		"directory":          {"--kubeconfig=" + dir, "--kubeconfig=" + dir},
		"directory and file": {"--kubeconfig=" + dir, "--kubeconfig=" + file},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, args...)
			e.reload(t, http.StatusOK, "reloaded")
			e.wantClusters(t, "1", "a")
			if _, body := e.get(t, "/metrics"); sample(body, "pod_count_config_invalid_contexts") != "0" {
				t.Errorf("something is invalid:\n%s", e.log)
			}
		})
	}
}

// A link is not a cluster of its own while its target cannot be read.
func TestLinkToWhatBreaks(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, file string)
	}{
		{"broken", func(t *testing.T, file string) { put(t, file, "contexts: [") }},
		{"empty", func(t *testing.T, file string) { put(t, file, "") }},
		{"dangling", func(t *testing.T, file string) {
			if err := errors.Join(os.Remove(file), os.Symlink("nowhere", file)); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		for _, from := range []string{"context", "file"} {
			t.Run(tt.name+", named after the "+from, func(t *testing.T) {
				content := contextOf("c1", at(server.URL), "")
				dir := directory(t, map[string]string{"c1.yaml": content})
				file, link := filepath.Join(dir, "c1.yaml"), filepath.Join(dir, "current")
				if err := os.Symlink("c1.yaml", link); err != nil {
					t.Fatal(err)
				}
				for name, args := range map[string][]string{
					"directory": {"--kubeconfig=" + dir}, "flags": {"--kubeconfig=" + file, "--kubeconfig=" + link},
				} {
					e := start(t, append(args, "--kubernetes.cluster-name-from="+from)...)
					tt.spoil(t, file)
					for range 2 {
						e.reload(t, http.StatusInternalServerError, "c1.yaml")
						e.wantClusters(t, "0", "c1")
					}
					if strings.Contains(e.log.String(), "two clusters") {
						t.Errorf("%s: a false clash:\n%s", name, e.log)
					}
					if err := os.Remove(file); err != nil {
						t.Fatal(err)
					}
					put(t, file, content)
					e.reload(t, http.StatusOK, "reloaded")
					e.wantClusters(t, "1", "c1")
				}
			})
		}
	}
}
