package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// krewManifest has all the fields that krew 0.4.3 knows (pkg/index/types.go), but
// for those of Kubernetes' own metadata.
type krewManifest struct {
	APIVersion string
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		Version, ShortDescription, Description, Caveats, Homepage string
		Platforms                                                 []struct {
			URI, SHA256, Bin string
			Selector         struct{ MatchLabels map[string]string }
			Files            []struct{ From, To string }
		}
	}
}

// TestKrewManifest holds what is rendered against krew's rules: those of its
// validator, of its naming guide and of its index.
func TestKrewManifest(t *testing.T) {
	r := release{source: checkout, out: t.TempDir(), version: "1.2.3"}
	for _, p := range platforms() {
		if err := os.WriteFile(filepath.Join(r.out, r.tarballName(p)+".tar.gz"), []byte(p.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.writeKrew(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(r.out, krewFile))
	if err != nil {
		t.Fatal(err)
	}
	var m krewManifest
	if err := yaml.UnmarshalStrict(data, &m); err != nil {
		t.Fatal(err)
	}
	name := m.Metadata.Name
	if m.APIVersion != "krew.googlecontainertools.github.com/v1alpha2" || m.Kind != "Plugin" {
		t.Errorf("it is %s of %s", m.Kind, m.APIVersion)
	}
	if name+".yaml" != krewFile || "kubectl-"+strings.ReplaceAll(name, "-", "_") != plugin {
		t.Errorf("the plugin is %s in %s, and its program %s", name, krewFile, plugin)
	}
	if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(name) || strings.Contains(name, "kube") {
		t.Errorf("the name %q is not in kebab-case, or has kube in it", name)
	}
	if m.Spec.Version != "v1.2.3" || !strings.HasPrefix(m.Spec.Homepage, "https://") || m.Spec.Description == "" {
		t.Errorf("version %q, homepage %q, description %q", m.Spec.Version, m.Spec.Homepage, m.Spec.Description)
	}
	if short := m.Spec.ShortDescription; short == "" || len(short) > 50 || strings.ContainsAny(short, "\r\n") || strings.HasSuffix(short, ".") {
		t.Errorf("short description %q", short)
	}
	m.wantPlatforms(t, r)
}

func (m krewManifest) wantPlatforms(t *testing.T, r release) {
	t.Helper()
	var got []string
	for _, p := range m.Spec.Platforms {
		is := platform{p.Selector.MatchLabels["os"], p.Selector.MatchLabels["arch"]}
		got = append(got, is.String())
		folder := r.tarballName(is)
		if !strings.HasPrefix(p.URI, "https://") || !strings.HasSuffix(p.URI, "/v1.2.3/"+folder+".tar.gz") {
			t.Errorf("%s: address %s", is, p.URI)
		}
		if want := fmt.Sprintf("%x", sha256.Sum256([]byte(is.String()))); p.SHA256 != want {
			t.Errorf("%s: checksum %s, want %s", is, p.SHA256, want)
		}
		var files []string
		for _, file := range p.Files {
			if file.To != "." {
				t.Errorf("%s: %s goes to %s", is, file.From, file.To)
			}
			files = append(files, strings.TrimPrefix(file.From, folder+"/"))
		}
		if binary := (artifact{platform: is, program: plugin}).binaryName(); p.Bin != binary ||
			!slices.Equal(files, []string{binary, "LICENSE", licensesFile}) || !slices.Contains(documents(), "LICENSE") {
			t.Errorf("%s: runs %s, of the files %v", is, p.Bin, files)
		}
	}
	var want []string
	for _, p := range platforms() {
		want = append(want, p.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("platforms %v, want %v, each once", got, want)
	}
}

// TestDocumentsAreThere holds that a tarball's files exist, each under a name of
// its own, and that scripts can run.
func TestDocumentsAreThere(t *testing.T) {
	names := programs()
	for _, document := range documents() {
		info, err := os.Stat(filepath.Join(checkout, document))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode()&0o111 != 0 != (modeOf(document)&0o111 != 0) {
			t.Errorf("%s has mode %o, and %o in a tarball", document, info.Mode(), modeOf(document))
		}
		if base := filepath.Base(document); slices.Contains(names, base) {
			t.Errorf("two files are called %s", base)
		} else {
			names = append(names, base)
		}
	}
}

// TestKrewTemplateKnowsItsFields has a template that asks for more fail.
func TestKrewTemplateKnowsItsFields(t *testing.T) {
	r := release{source: t.TempDir(), out: t.TempDir(), version: "1.2.3", only: "linux/amd64"}
	path := filepath.Join(r.source, krewTemplate)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	var tarball bytes.Buffer
	if err := writeTarball(&tarball, r.date, nil); err != nil {
		t.Fatal(err)
	}
	if err := r.write(r.tarballName(r.platforms()[0])+".tar.gz", func(w io.Writer) error { _, err := w.Write(tarball.Bytes()); return err }); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("{{ .Bogus }}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.writeKrew(); err == nil || !strings.Contains(err.Error(), "Bogus") {
		t.Errorf("%v, want an error that names the field", err)
	}
}
