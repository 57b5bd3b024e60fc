package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

const checkout = "../.."

func TestParseFlagsRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		says string
	}{
		{"no version", []string{"-date=1"}, "-version"},
		{"no date", []string{"-version=1.0.0"}, "-date"},
		{"a platform that is not built", []string{"-version=1.0.0", "-date=1", "-platform=plan9/arm"}, "plan9/arm"},
		{"a flag that there is not", []string{"-bogus"}, "bogus"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stderr strings.Builder
			if code := run(t.Context(), tc.args, io.Discard, &stderr); code != exitUsage || !strings.Contains(stderr.String(), tc.says) {
				t.Errorf("exit code %d and %q, want %d and %q", code, stderr.String(), exitUsage, tc.says)
			}
		})
	}
}

func TestBuildKeepsWhatIsThere(t *testing.T) {
	out := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	code := run(t.Context(), []string{"-version=1.0.0", "-date=1", "-out=" + out}, io.Discard, &stderr)
	if code != exitFailed || !strings.Contains(stderr.String(), "not empty") {
		t.Errorf("exit code %d and %q, want %d and that the folder is not empty", code, stderr.String(), exitFailed)
	}
}

func TestTarball(t *testing.T) {
	date := time.Unix(1_700_000_000, 0).UTC()
	entries := []entry{{"a/program", 0o755, []byte("binary")}, {"a/LICENSE", 0o644, []byte("text")}}
	var first, second bytes.Buffer
	for _, w := range []io.Writer{&first, &second} {
		if err := writeTarball(w, date, entries); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two tarballs of the same files differ")
	}
	zipped, err := gzip.NewReader(&first)
	if err != nil {
		t.Fatal(err)
	}
	packed := tar.NewReader(zipped)
	for _, e := range entries {
		header, err := packed.Next()
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(packed)
		if header.Name != e.name || header.Mode != e.mode || !header.ModTime.Equal(date) || header.Uid != 0 || !bytes.Equal(data, e.data) {
			t.Errorf("%s, mode %o, %s, user %d: want %s, mode %o, %s, user 0", header.Name, header.Mode, header.ModTime,
				header.Uid, e.name, e.mode, date)
		}
	}
	if _, err := packed.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last file: %v, want the end", err)
	}
}

func TestLicenseTexts(t *testing.T) {
	folder := t.TempDir()
	if _, err := licenseTexts(folder); !errors.Is(err, errNoLicense) {
		t.Errorf("a module without a licence: %v, want %v", err, errNoLicense)
	}
	for name, text := range map[string]string{"LICENCE.md": "may be used", "NOTICE": "made by", "main.go": "package main"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := licenseTexts(folder); err != nil || text != "may be used\n\nmade by" {
		t.Errorf("%q, error %v", text, err)
	}
}

func TestAuthorities(t *testing.T) {
	if n := bytes.Count(authorities(), []byte("BEGIN CERTIFICATE")); n < 50 {
		t.Errorf("%d authorities, want those of a public bundle", n)
	}
}

// promu is what .promu.yml says.
type promu struct {
	Build struct {
		Binaries []struct{ Name, Path string }
		Flags    string
		LDFlags  string
	}
	Tarball    struct{ Files []string }
	Crossbuild struct{ Platforms []string }
}

// TestPromuAgrees holds .promu.yml against what is built here and in the
// Makefile: whoever uses one must get what the other gives.
func TestPromuAgrees(t *testing.T) {
	var p promu
	if err := yaml.Unmarshal([]byte(read(t, ".promu.yml")), &p); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, platform := range platforms() {
		want = append(want, platform.String())
	}
	if !slices.Equal(p.Crossbuild.Platforms, want) {
		t.Errorf("platforms %v in .promu.yml, %v here", p.Crossbuild.Platforms, want)
	}
	if !slices.Equal(p.Tarball.Files, documents()) {
		t.Errorf("files %v in .promu.yml, %v here", p.Tarball.Files, documents())
	}
	var binaries []string
	for _, binary := range p.Build.Binaries {
		binaries = append(binaries, binary.Name)
		if binary.Path != "./cmd/"+binary.Name {
			t.Errorf("%s is built from %s", binary.Name, binary.Path)
		}
	}
	if !slices.Equal(binaries, programs()) {
		t.Errorf("binaries %v in .promu.yml, %v here", binaries, programs())
	}
	if p.Build.Flags != "-trimpath" {
		t.Errorf("flags %q, want -trimpath", p.Build.Flags)
	}
	if names := variables(p.Build.LDFlags, "github.com/prometheus/common/version."); !slices.Equal(names, variables(makefile(t), "$(version_pkg).")) {
		t.Errorf("ldflags of .promu.yml set %v, those of the Makefile %v", names, variables(makefile(t), "$(version_pkg)."))
	}
	for _, text := range []string{p.Build.LDFlags, makefile(t)} {
		if !strings.Contains(text, "-s -w") {
			t.Errorf("no -s -w in %q", text)
		}
	}
}

// variables are the names in "-X PREFIXname=".
func variables(flags, prefix string) []string {
	var names []string
	for _, part := range strings.Split(flags, "-X "+prefix)[1:] {
		name, _, _ := strings.Cut(part, "=")
		names = append(names, name)
	}
	return names
}

func makefile(t *testing.T) string { return read(t, "Makefile") }

// TestDockerfileAgrees holds the image against the Dockerfile's.
func TestDockerfileAgrees(t *testing.T) {
	text := read(t, "Dockerfile")
	port, _, _ := strings.Cut(imagePort, "/")
	for _, line := range []string{"USER " + imageUser, "EXPOSE " + port, `ENTRYPOINT ["/` + program + `"]`, "/" + filepath.Dir(authoritiesFile)} {
		if !strings.Contains(text, line) {
			t.Errorf("the Dockerfile has no %q", line)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(checkout, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAbsolute(t *testing.T) {
	const there = "https://github.com/kube-node-manager/pod_count_exporter"
	for _, tc := range []struct{ name, text, want string }{
		{"a file", "[a](docs/a.md)", "[a](" + there + "/blob/v1.2.3/docs/a.md)"},
		{"a part of a file", "[a](docs/a.md#b)", "[a](" + there + "/blob/v1.2.3/docs/a.md#b)"},
		{"a picture", "![a](docs/a.png)", "![a](" + there + "/raw/v1.2.3/docs/a.png)"},
		{"a part of the document", "[a](#b)", "[a](#b)"},
		{"another site", "[a](https://example.com/b)", "[a](https://example.com/b)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := string(absolute([]byte(tc.text), "1.2.3")); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
	readme, err := os.ReadFile(filepath.Join(checkout, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if link := regexp.MustCompile(`\]\((docs|mixin|deploy)/[^)]*\)|\]\([A-Z][^)]*\.md\)`).Find(absolute(readme, "1.2.3")); link != nil {
		t.Errorf("README.md links to a file that a tarball has not: %s", link)
	}
}
