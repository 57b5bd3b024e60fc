package chart

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden renderings and the chart's README anew")

const golden = "testdata/golden"

// TestGolden renders each variant with Helm's program, notes included.
func TestGolden(t *testing.T) {
	variants := variants(t)
	for variant, path := range variants {
		t.Run(variant, func(t *testing.T) {
			t.Parallel()
			got := short(t, mustRun(t, "helm", "install", name, dir, "--namespace", name, "--values", path, "--dry-run=client"))
			file := filepath.Join(golden, variant+".yaml")
			if *update {
				must(t, os.WriteFile(file, []byte(got), 0o600))
				return
			}
			if want := string(read(t, file)); got != want {
				t.Errorf("%s is stale: read the difference, and run make chart\n%s", file, difference(want, got))
			}
		})
	}
	present, err := filepath.Glob(golden + "/*.yaml")
	must(t, err)
	for _, file := range present {
		variant := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if _, ok := variants[variant]; !ok {
			t.Errorf("%s is of no values file: there are %s", file, slices.Sorted(maps.Keys(variants)))
		}
	}
}

// short leaves out of a rendering the time, and of dashboards, which are large,
// what is the mixin's to the letter.
func short(t *testing.T, text string) string {
	t.Helper()
	paths, err := filepath.Glob(root + "/mixin/generated/dashboards/*.json")
	must(t, err)
	for _, path := range paths {
		var indented strings.Builder
		for line := range strings.Lines(string(read(t, path))) {
			indented.WriteString("    " + line)
		}
		text = strings.Replace(text, indented.String(), "    (as in mixin/generated)\n", 1)
	}
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "LAST DEPLOYED: ") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// difference shows the first lines that differ, long ones from where they do.
func difference(want, got string) string {
	wanted, gotten := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	for i := range min(len(wanted), len(gotten)) {
		if w, g := wanted[i], gotten[i]; w != g {
			same := 0
			for same < min(len(w), len(g)) && w[same] == g[same] {
				same++
			}
			from := max(0, same-40)
			return fmt.Sprintf("line %d\nwant: %.120q\ngot:  %.120q", i+1, w[from:], g[from:])
		}
	}
	return fmt.Sprintf("%d lines wanted, %d gotten", len(wanted), len(gotten))
}

// refusal is values that cannot be right, and what the chart says of them.
type refusal struct {
	path   string
	values object
	want   string
}

// refusals are those of testdata/invalid. The first line of each file is what the refusal
// says, with the value's path.
func refusals(t *testing.T) (all []refusal) {
	t.Helper()
	paths, err := filepath.Glob("testdata/invalid/*.yaml")
	must(t, err)
	if len(paths) < 30 {
		t.Fatalf("%d files, want 30 at least", len(paths))
	}
	for _, path := range paths {
		data := read(t, path)
		first, _, _ := bytes.Cut(data, []byte("\n"))
		want, ok := strings.CutPrefix(string(first), "# want: ")
		if !ok {
			t.Fatalf("%s does not begin with \"# want: \"", path)
		}
		all = append(all, refusal{path: path, values: parse(t, data), want: want})
	}
	return all
}

// TestInvalid hands Helm's program values that cannot be right.
func TestInvalid(t *testing.T) {
	for _, r := range refusals(t) {
		t.Run(strings.TrimSuffix(filepath.Base(r.path), ".yaml"), func(t *testing.T) {
			t.Parallel()
			_, stderr, err := run(t, "helm", "template", name, dir, "--values", r.path)
			if err == nil {
				t.Fatalf("taken, want %q", r.want)
			}
			if !strings.Contains(stderr, r.want) {
				t.Errorf("want %q, got:\n%s", r.want, stderr)
			}
		})
	}
}

// TestLint runs Helm's own checks over each variant.
func TestLint(t *testing.T) {
	for variant, path := range variants(t) {
		t.Run(variant, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, err := run(t, "helm", "lint", "--strict", "--namespace", name, "--values", path, dir)
			if err != nil || strings.Contains(stdout, "[WARNING]") || strings.Contains(stderr, "warn") {
				t.Errorf("%v\n%s%s", err, stdout, stderr)
			}
		})
	}
}

// TestPackage packs the chart as it is published, and renders the archive.
func TestPackage(t *testing.T) {
	out := t.TempDir()
	mustRun(t, "helm", "package", dir, "--destination", out)
	archives, err := filepath.Glob(out + "/*.tgz")
	must(t, err)
	if len(archives) != 1 {
		t.Fatalf("%d archives, want one", len(archives))
	}
	args := []string{"--namespace", name, "--values", variants(t)["dashboards"]}
	packed := mustRun(t, "helm", append([]string{"template", name, archives[0]}, args...)...)
	if folder := mustRun(t, "helm", append([]string{"template", name, dir}, args...)...); packed != folder {
		t.Errorf("the archive renders otherwise than the folder:\n%s", difference(folder, packed))
	}
}
