package chart

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	sigsyaml "sigs.k8s.io/yaml"
)

// TestMemoryLimits holds GOMEMLIMIT against the limit of memory in each form in which
// the exporter is deployed: a tenth below, or the kernel ends the process before the
// garbage collector knows that memory is short.
func TestMemoryLimits(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(base + "/components")
	must(t, err)
	wantMemory(t, "kustomize base", kustomize(t, nil), true)
	for _, entry := range entries {
		wantMemory(t, "kustomize component "+entry.Name(), kustomize(t, []string{entry.Name()}), true)
	}
	chart := load(t)
	for variant, path := range variants(t) {
		values := parse(t, read(t, path))
		if own, _ := values["env"].([]any); slices.ContainsFunc(own, func(v any) bool { return v.(object)["name"] == goMemLimit }) {
			continue // the limit is the user's
		}
		text, err := chart.render(values)
		must(t, err)
		limits, changed := values["resources"]
		wantMemory(t, "chart's variant "+variant, withoutNotes(text), !changed || limits != nil)
	}
	for form, of := range map[string]struct{ limited, limit, told, goal string }{
		"compose file": {"docker/compose.yaml", `(?m)^    mem_limit: (\d+)m$`, "docker/compose.yaml", `(?m)^      GOMEMLIMIT: (\S+)$`},
		"systemd unit": {"systemd/pod_count_exporter.service", `(?m)^MemoryMax=(\d+)M$`, "systemd/pod_count_exporter.default", `(?m)^GOMEMLIMIT=(\S+)$`},
	} {
		wantTenthBelow(t, form, resource.MustParse(only(t, of.limited, of.limit)+"Mi"), only(t, of.told, of.goal))
	}
}

const goMemLimit = "GOMEMLIMIT"

// only is what the group of a pattern matches in a file of deploy, where it must match
// once.
func only(t *testing.T, path, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindAllStringSubmatch(string(read(t, root+"/deploy/"+path)), -1)
	if len(found) != 1 {
		t.Fatalf("%s matches %s %d times, want once", path, pattern, len(found))
	}
	return found[0][1]
}

// wantMemory looks at the workload of a rendering, which has neither where the limit was
// taken back.
func wantMemory(t *testing.T, form, text string, limits bool) {
	t.Helper()
	workloads := 0
	for _, obj := range decode(t, text) {
		if obj["kind"] != "Deployment" && obj["kind"] != "StatefulSet" {
			continue
		}
		workloads++
		var workload appsv1.Deployment // of a StatefulSet, what is read here is the same
		data, err := sigsyaml.Marshal(obj)
		must(t, err)
		must(t, sigsyaml.Unmarshal(data, &workload))
		container := workload.Spec.Template.Spec.Containers[0]
		limit, limited := container.Resources.Limits[corev1.ResourceMemory]
		var goal string
		for _, variable := range container.Env {
			if variable.Name == goMemLimit {
				goal = variable.Value
			}
		}
		if limits {
			wantTenthBelow(t, form, limit, goal)
		} else if limited || goal != "" {
			t.Errorf("%s: %s is %q and the limit %s, want neither", form, goMemLimit, goal, limit.String())
		}
	}
	if workloads != 1 {
		t.Errorf("%s: %d workloads, want one", form, workloads)
	}
}

func wantTenthBelow(t *testing.T, form string, limit resource.Quantity, goal string) {
	t.Helper()
	want := fmt.Sprintf("%dMiB", limit.Value()*9/10>>20)
	if goal != want || strings.HasPrefix(want, "0") {
		t.Errorf("%s: %s is %q beside a limit of %s, want %s", form, goMemLimit, goal, limit.String(), want)
	}
}
