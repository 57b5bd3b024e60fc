package main

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestVersionAgrees holds every place that names the exporter's version against
// VERSION: tags of images, labels of objects, the chart, the Dockerfile, what the
// documents say.
func TestVersionAgrees(t *testing.T) {
	version := strings.TrimSpace(read(t, "VERSION"))
	mention := regexp.MustCompile(`(?:pod_count_exporter(?:_kubesim)?:|newTag: |app\.kubernetes\.io/version: "?|appVersion: |VERSION=)(\d+\.\d+\.\d+)`)
	mentions := map[string]int{}
	for _, path := range append(deployed(t), "Dockerfile", "README.md", "docs/operations.md") {
		for _, match := range mention.FindAllStringSubmatch(read(t, path), -1) {
			mentions[path]++
			if match[1] != version {
				t.Errorf("%s has %q, VERSION is %s", path, match[0], version)
			}
		}
	}
	for _, path := range []string{
		"Dockerfile", "README.md", "docs/operations.md", "deploy/docker/compose.yaml", "deploy/helm/pod-count-exporter/Chart.yaml",
		"deploy/kubernetes/kustomization.yaml", "deploy/kubernetes/deployment.yaml", "deploy/kubernetes/components/servicemonitor/servicemonitor.yaml",
	} {
		if mentions[path] == 0 {
			t.Errorf("%s does not name the version", path)
		}
	}
}

// deployed are the files under deploy.
func deployed(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(filepath.Join(checkout, "deploy"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			path, err = filepath.Rel(checkout, path)
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestChangelogAgrees wants a date at the section of VERSION, and nothing newer
// but what is not released.
func TestChangelogAgrees(t *testing.T) {
	version := strings.TrimSpace(read(t, "VERSION"))
	headings := regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(read(t, "CHANGELOG.md"), -1)
	if len(headings) > 0 && headings[0][1] == "Unreleased" {
		headings = headings[1:]
	}
	if len(headings) == 0 {
		t.Fatal("no release in CHANGELOG.md")
	}
	name, date, _ := strings.Cut(headings[0][1], " / ")
	if name != version {
		t.Errorf("the newest release in CHANGELOG.md is %s, VERSION is %s", name, version)
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		t.Errorf("release %s in CHANGELOG.md has no date: %v", name, err)
	}
}
