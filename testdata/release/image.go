package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// What the image shares with the Dockerfile; a test compares the two.
const (
	imageUser = "65532:65532"
	imagePort = "10120/tcp"
)

// writeImage writes an OCI image archive with an image for each Linux platform:
// what the Dockerfile makes, without its build stage.
func (r release) writeImage(built []artifact) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, a := range built {
		if a.os != "linux" {
			continue
		}
		image, err := r.image(a)
		if err != nil {
			return fmt.Errorf("%s: %w", a.platform, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: a.os, Architecture: a.arch}},
		})
	}
	folder := filepath.Join(r.out, workFolder, "image")
	if _, err := layout.Write(folder, tagged(index, r.version)); err != nil {
		return fmt.Errorf("writing the layout: %w", err)
	}
	return r.write(fmt.Sprintf("%s-%s.oci.tar", program, r.version), func(w io.Writer) error {
		return tarFolder(w, folder, r)
	})
}

// tagged is an index with another in it, under the version as its tag, which skopeo looks
// for, and under the name that podman, docker and containerd give it: what a name without
// a registry stands for.
func tagged(index v1.ImageIndex, version string) v1.ImageIndex {
	return mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), mutate.IndexAddendum{
		Add: index,
		Descriptor: v1.Descriptor{Annotations: map[string]string{
			"org.opencontainers.image.ref.name": version,
			"io.containerd.image.name":          "docker.io/library/" + program + ":" + version,
		}},
	})
}

func (r release) image(a artifact) (v1.Image, error) {
	binary, err := os.ReadFile(a.path)
	if err != nil {
		return nil, fmt.Errorf("reading the binary: %w", err)
	}
	layer, err := r.layer(entry{program, 0o755, binary}, entry{authoritiesFile, 0o644, authorities()})
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), layer)
	if err != nil {
		return nil, fmt.Errorf("adding the layer: %w", err)
	}
	image, err = mutate.ConfigFile(mutate.ConfigMediaType(image, types.OCIConfigJSON), r.imageConfig(image, a))
	if err != nil {
		return nil, fmt.Errorf("setting the configuration: %w", err)
	}
	return image, nil
}

func (r release) imageConfig(image v1.Image, a artifact) *v1.ConfigFile {
	config := &v1.ConfigFile{OS: a.os, Architecture: a.arch, Created: v1.Time{Time: r.date}}
	if old, err := image.ConfigFile(); err == nil { // it is in memory
		config.RootFS = old.RootFS
	}
	config.Config = v1.Config{
		User: imageUser, Entrypoint: []string{"/" + program},
		ExposedPorts: map[string]struct{}{imagePort: {}},
		Labels: map[string]string{
			"org.opencontainers.image.title":       program,
			"org.opencontainers.image.description": "Prometheus exporter of the active pods of each Kubernetes node",
			"org.opencontainers.image.source":      repository,
			"org.opencontainers.image.version":     r.version,
			"org.opencontainers.image.revision":    r.commit,
			"org.opencontainers.image.licenses":    "Apache-2.0",
		},
	}
	return config
}

// authoritiesFile is where Go looks for public authorities, which kubeconfigs
// whose API server has such a certificate need.
const authoritiesFile = "etc/ssl/certs/ca-certificates.crt"

// authorities are Mozilla's, without those that it trusts with limits that a file
// cannot say.
func authorities() []byte {
	var file bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			file.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
		}
	}
	return file.Bytes()
}

// layer is a compressed tar.
func (r release) layer(entries ...entry) (v1.Layer, error) {
	var packed bytes.Buffer
	if err := writeTarball(&packed, r.date, entries); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, fmt.Errorf("making the layer: %w", err)
	}
	return layer, nil
}

// tarFolder writes the files below a folder, in the order of their names.
func tarFolder(w io.Writer, folder string, r release) error {
	var names []string
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(names)
	out := tar.NewWriter(w)
	for _, path := range names {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: filepath.ToSlash(name), Mode: 0o644, Size: int64(len(data)), ModTime: r.date, Format: tar.FormatUSTAR}
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		if _, err := out.Write(data); err != nil {
			return err
		}
	}
	return out.Close()
}
