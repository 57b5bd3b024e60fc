package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// builtEnv names the folder of a release that was built.
const builtEnv = "RELEASE_DIR"

// TestBuilt looks at a release as those do who download it: the checksums verify and
// leave no file out, each bill of materials is valid and names what its binary is linked
// of, and the programs say the version.
func TestBuilt(t *testing.T) {
	dir := os.Getenv(builtEnv)
	if dir == "" {
		t.Skipf("%s does not name a release: make release-check builds one", builtEnv)
	}
	version := strings.TrimSpace(read(t, "VERSION"))
	wantChecksums(t, dir)
	r := release{out: dir, version: version}
	here := platform{"linux", "amd64"}
	folder := t.TempDir()
	unpack(t, filepath.Join(dir, r.tarballName(here)+".tar.gz"), folder)
	for _, name := range programs() {
		binary := filepath.Join(folder, r.tarballName(here), name)
		wantBOM(t, filepath.Join(dir, strings.Replace(r.tarballName(here), program, name, 1)+".cdx.json"), binary, version)
		output, err := exec.CommandContext(t.Context(), binary, "--version").CombinedOutput()
		if err != nil || !regexp.MustCompile(`\bversion `+regexp.QuoteMeta(version)+`\b`).Match(output) {
			t.Errorf("%s --version: %v, %q, want %s", name, err, output, version)
		}
	}
	wantImage(t, r, []platform{here})
}

// wantChecksums runs what users check a download with.
func wantChecksums(t *testing.T, dir string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", checksumsFile)
	command.Dir = dir
	output, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, output)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, e := range entries {
		if e.Name() != checksumsFile {
			fmt.Fprintln(&want, e.Name()+": OK")
		}
	}
	if string(output) != want.String() || len(entries) < 5 {
		t.Errorf("sha256sum says %q, want %q", output, want.String())
	}
}

// unpack writes the files of a tarball below a folder.
func unpack(t *testing.T, path, folder string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var plain io.Reader = bytes.NewReader(data)
	if strings.HasSuffix(path, ".gz") {
		if plain, err = gzip.NewReader(plain); err != nil {
			t.Fatal(err)
		}
	}
	packed := tar.NewReader(plain)
	for {
		header, err := packed.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(folder, filepath.FromSlash(header.Name))
		content, err := io.ReadAll(packed)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, content, header.FileInfo().Mode())); err != nil {
			t.Fatal(err)
		}
	}
}

// wantBOM holds a bill of materials against CycloneDX's schema, and against what the
// binary itself says of its modules.
func wantBOM(t *testing.T, path, binary, version string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bom := validBOM(t, data)
	built, err := buildinfo.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	if main := bom.Metadata.Component; main == nil || main.Name != built.Main.Path || main.Version != "v"+version {
		t.Errorf("%s is of %+v, want %s v%s", path, main, built.Main.Path, version)
	}
	has := map[string]bool{}
	for _, component := range *bom.Components {
		has[component.Name+"@"+component.Version] = true
	}
	names := map[string]bool{}
	for _, module := range built.Deps {
		names[module.Path] = true
		if id := module.Path + "@" + module.Version; !has[id] {
			t.Errorf("%s does not name %s", path, id)
		}
	}
	if !names["k8s.io/client-go"] {
		t.Errorf("%s is not linked of client-go: %v", binary, names)
	}
}

// validBOM decodes a bill of materials that CycloneDX's own schema allows.
func validBOM(t *testing.T, data []byte) cdx.BOM {
	t.Helper()
	if err := againstSchema(t, data); err != nil {
		t.Fatal(err)
	}
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(data), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	if bom.BOMFormat != cdx.BOMFormat || bom.Metadata == nil || bom.Components == nil {
		t.Fatalf("it is %q, metadata %v, components %v", bom.BOMFormat, bom.Metadata, bom.Components)
	}
	return bom
}

// againstSchema takes the schema from the module of CycloneDX's types.
func againstSchema(t *testing.T, data []byte) error {
	t.Helper()
	module, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(strings.TrimSpace(string(module)), "schema")
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	for id, name := range map[string]string{
		"http://cyclonedx.org/schema/bom-1.6.schema.json":  "bom-1.6.schema.json",
		"http://cyclonedx.org/schema/jsf-0.82.schema.json": "jsf-0.82.schemax.json",
		"http://cyclonedx.org/schema/spdx.schema.json":     "spdx.schema.json",
	} {
		file, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		schema, err := jsonschema.UnmarshalJSON(file)
		if err := errors.Join(err, file.Close(), compiler.AddResource(id, schema)); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	bom, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return schema.Validate(bom)
}

// TestBOM makes the bill of materials of this test's own program, for its check to be
// one that can fail.
func TestBOM(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := (release{version: "1.2.3", date: time.Unix(1_700_000_000, 0).UTC()}).writeBOM(&text, self); err != nil {
		t.Fatal(err)
	}
	bom := validBOM(t, text.Bytes())
	if bom.Metadata.Component == nil || bom.Metadata.Component.Version != "v1.2.3" || bom.Metadata.Timestamp != "2023-11-14T22:13:20Z" {
		t.Errorf("it is of %+v, made %s", bom.Metadata.Component, bom.Metadata.Timestamp)
	}
	if err := againstSchema(t, bytes.Replace(text.Bytes(), []byte(`"urn:uuid:`), []byte(`"uuid:`), 1)); err == nil {
		t.Error("a serial number that is none is taken for valid")
	}
}

// TestImage has an archive made of every platform's binary.
func TestImage(t *testing.T) {
	r := release{out: t.TempDir(), version: "1.2.3", commit: "abc", date: time.Unix(1_700_000_000, 0).UTC()}
	wantImage(t, r, writeTestImage(t, r))
}

// writeTestImage writes the archive of a release whose binaries are texts, and returns
// the platforms that it has.
func writeTestImage(t *testing.T, r release) (linux []platform) {
	t.Helper()
	var built []artifact
	for _, p := range platforms() {
		path := filepath.Join(t.TempDir(), program)
		if err := os.WriteFile(path, []byte(p.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		built = append(built, artifact{platform: p, program: program, path: path})
		if p.os == "linux" {
			linux = append(linux, p)
		}
	}
	if err := errors.Join(os.MkdirAll(r.out, 0o750), r.writeImage(built)); err != nil {
		t.Fatal(err)
	}
	return linux
}

// wantImage reads the archive of a release: its index has each platform, and each image
// the labels that the Dockerfile sets.
func wantImage(t *testing.T, r release, want []platform) {
	t.Helper()
	folder := t.TempDir()
	unpack(t, filepath.Join(r.out, program+"-"+r.version+".oci.tar"), folder)
	outer, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	names, err := outer.IndexManifest()
	if err != nil || len(names.Manifests) != 1 {
		t.Fatalf("%v: the archive holds %+v, want one index", err, names)
	}
	if got := names.Manifests[0].Annotations; got["org.opencontainers.image.ref.name"] != r.version ||
		got["io.containerd.image.name"] != "docker.io/library/"+program+":"+r.version {
		t.Errorf("the index has the names %v, want the version, and the exporter's with it", got)
	}
	index, err := outer.ImageIndex(names.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var got []platform
	for _, m := range manifest.Manifests {
		image, err := index.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if config.OS != m.Platform.OS || config.Architecture != m.Platform.Architecture {
			t.Errorf("an image of %s/%s is listed as %s", config.OS, config.Architecture, m.Platform)
		}
		got = append(got, platform{m.Platform.OS, m.Platform.Architecture})
		wantLabels(t, r, config.Config.Labels)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the archive has %v, want %v", got, want)
	}
}

// wantLabels compares with the Dockerfile, but for what each build sets.
func wantLabels(t *testing.T, r release, labels map[string]string) {
	t.Helper()
	const prefix = "org.opencontainers.image."
	want := map[string]string{}
	for _, match := range regexp.MustCompile(regexp.QuoteMeta(prefix)+`(\w+)=("[^"]*"|\S+)`).FindAllStringSubmatch(read(t, "Dockerfile"), -1) {
		want[prefix+match[1]] = strings.Trim(match[2], `"`)
	}
	want[prefix+"version"] = r.version
	want[prefix+"source"] = repository
	for name, value := range want {
		if name == prefix+"revision" {
			if labels[name] == "" || r.commit != "" && labels[name] != r.commit {
				t.Errorf("label %s is %q", name, labels[name])
			}
		} else if labels[name] != value {
			t.Errorf("label %s is %q, want %q", name, labels[name], value)
		}
	}
	if len(labels) != len(want) {
		t.Errorf("labels %v, want %v", labels, want)
	}
	module := regexp.MustCompile(`(?m)^module (.*)$`).FindStringSubmatch(read(t, "go.mod"))
	if module == nil || repository != "https://"+module[1] {
		t.Errorf("the repository is %s, the module %q", repository, module)
	}
}
