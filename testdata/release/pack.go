package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// entry is one file of an archive.
type entry struct {
	name string
	mode int64
	data []byte
}

// documents are the files of the checkout that a tarball holds beside the
// binaries; .promu.yml lists the same.
func documents() []string { return []string{"LICENSE", "README.md", "CHANGELOG.md", completion} }

// completion is the script with which a shell completes the plugin's command line.
const completion = "cmd/kubectl-pod_count/kubectl_complete-pod_count"

// modeOf lets only scripts run.
func modeOf(document string) int64 {
	if document == completion {
		return 0o755
	}
	return 0o644
}

// repository is where the checkout's files can be read on the web.
const repository = "https://github.com/kube-node-manager/pod_count_exporter"

// absolute turns a document's links to other files of the checkout into links to
// these files on the web: a tarball has none of them.
func absolute(document []byte, version string) []byte {
	link := regexp.MustCompile(`\]\(([^():#\s][^():\s]*)\)`)
	document = link.ReplaceAll(document, []byte("]("+repository+"/blob/v"+version+"/$1)"))
	picture := regexp.MustCompile(`(!\[[^\]]*\]\(` + regexp.QuoteMeta(repository) + `)/blob/`)
	return picture.ReplaceAll(document, []byte("$1/raw/"))
}

// licensesFile has the licences of all that is linked in.
const licensesFile = "THIRD-PARTY-LICENSES.txt"

// tarballName is the name of a platform's tarball and of the folder in it.
func (r release) tarballName(p platform) string {
	return fmt.Sprintf("%s-%s.%s-%s", program, r.version, p.os, p.arch)
}

// pack writes the tarball of one platform's binaries, in promu's layout, and a bill
// of materials for each of them.
func (r release) pack(ctx context.Context, built []artifact) error {
	name := r.tarballName(built[0].platform)
	var entries []entry
	var paths []string
	for _, a := range built {
		binary, err := os.ReadFile(a.path)
		if err != nil {
			return fmt.Errorf("reading the binary: %w", err)
		}
		entries, paths = append(entries, entry{name + "/" + a.binaryName(), 0o755, binary}), append(paths, a.path)
	}
	for _, document := range documents() {
		data, err := os.ReadFile(filepath.Join(r.source, document))
		if err != nil {
			return fmt.Errorf("reading a document: %w", err)
		}
		if filepath.Ext(document) == ".md" {
			data = absolute(data, r.version)
		}
		entries = append(entries, entry{name + "/" + filepath.Base(document), modeOf(document), data})
	}
	licenses, err := licensesOf(ctx, r.source, paths...)
	if err != nil {
		return fmt.Errorf("licences: %w", err)
	}
	entries = append(entries, entry{name + "/" + licensesFile, 0o644, licenses})
	if err := r.write(name+".tar.gz", func(w io.Writer) error { return writeTarball(w, r.date, entries) }); err != nil {
		return err
	}
	for _, a := range built {
		bom := strings.Replace(name, program, a.program, 1) + ".cdx.json"
		if err := r.write(bom, func(w io.Writer) error { return r.writeBOM(w, a.path) }); err != nil {
			return err
		}
	}
	return nil
}

// write makes one file of the release.
func (r release) write(name string, content func(io.Writer) error) (err error) {
	f, err := os.Create(filepath.Join(r.out, name))
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	defer func() {
		if closing := f.Close(); err == nil && closing != nil {
			err = fmt.Errorf("writing %s: %w", name, closing)
		}
	}()
	if err := content(f); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// writeTarball writes entries in their order. Owner, time and compression do not
// depend on the machine.
func writeTarball(w io.Writer, date time.Time, entries []entry) error {
	zipped, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	packed := tar.NewWriter(zipped)
	for _, e := range entries {
		header := &tar.Header{
			Name: e.name, Mode: e.mode, Size: int64(len(e.data)), ModTime: date, Format: tar.FormatUSTAR,
		}
		if err := packed.WriteHeader(header); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		if _, err := packed.Write(e.data); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	if err := packed.Close(); err != nil {
		return fmt.Errorf("ending the archive: %w", err)
	}
	return zipped.Close()
}

// checksumsFile is what sha256sum -c reads.
const checksumsFile = "sha256sums.txt"

// writeChecksums sums every file of the release.
func (r release) writeChecksums() error {
	entries, err := os.ReadDir(r.out) // sorted by name
	if err != nil {
		return fmt.Errorf("checksums: %w", err)
	}
	return r.write(checksumsFile, func(w io.Writer) error {
		for _, e := range entries {
			data, err := os.ReadFile(filepath.Join(r.out, e.Name()))
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%x  %s\n", sha256.Sum256(data), e.Name()); err != nil {
				return err
			}
		}
		return nil
	})
}
