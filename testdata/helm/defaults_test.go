package chart

import "testing"

// TestRelabelingsSayTheirAction: the operator's definitions give a relabeling without an
// action one. A tool that compares what it has applied with what is there would see that
// as a change of somebody else's, for ever.
func TestRelabelingsSayTheirAction(t *testing.T) {
	t.Parallel()
	found := map[string]int{}
	look := func(from string, objects []object) {
		for _, obj := range objects {
			forEachRelabeling(obj, func(of string, relabeling object) {
				found[of]++
				if relabeling["action"] == nil {
					t.Errorf("%s: %s has %v, which is without an action", from, obj["kind"], relabeling)
				}
			})
		}
	}
	for variant, path := range variants(t) {
		look(variant, decode(t, mustRun(t, "helm", "template", name, dir, "--values", path)))
	}
	for _, component := range []string{"servicemonitor", "podmonitor"} {
		look(component, decode(t, kustomize(t, []string{component})))
	}
	if found["relabelings"] < 12 || found["metricRelabelings"] < 1 {
		t.Errorf("found %v, want 12 and 1 at least", found)
	}
}

// forEachRelabeling visits the relabelings of targets and of samples, wherever they are.
func forEachRelabeling(value any, visit func(of string, relabeling object)) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			forEachRelabeling(item, visit)
		}
	case object:
		for _, of := range []string{"relabelings", "metricRelabelings"} {
			items, _ := value[of].([]any)
			for _, item := range items {
				relabeling, _ := item.(object)
				visit(of, relabeling)
			}
		}
		for _, item := range value {
			forEachRelabeling(item, visit)
		}
	}
}
