package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/client-go/tools/clientcmd/api"
)

// kubeconfig is one file, or the several of KUBECONFIG merged.
type kubeconfig struct {
	// origin is what messages begin with: flag or variable, and path.
	origin string
	path   string // of its only file
	config *api.Config
}

// reading is what the places hold.
type reading struct {
	configs  []kubeconfig
	clusters []Cluster // that are in no kubeconfig
	problems []error
	leftOut  []string
}

func (r *reading) fails(err error) { r.problems = append(r.problems, err) }

// add takes a file that stands alone. What it gave before goes on while it cannot
// be read.
func (r *reading) add(f *file, err error) {
	if err == nil && len(f.config.Contexts) == 0 {
		err = fmt.Errorf("%s: the kubeconfig has no contexts", f.origin)
	}
	if err != nil {
		r.fails(err)
	}
	if f.good != nil {
		r.configs = append(r.configs, kubeconfig{f.origin, f.path, f.good})
	}
}

// fromFlags reads each file of --kubeconfig apart from the others: unlike
// KUBECONFIG's files they do not share users and clusters, so that the
// kubeconfigs of several clusters, alike but for the address, can stand together.
func (l *Loader) fromFlags() (r reading) {
	for i, path := range l.opts.Kubeconfigs {
		if slices.Contains(l.opts.Kubeconfigs[:i], path) {
			continue
		}
		if path == "" {
			r.fails(errors.New(`--kubeconfig="": the path is empty`))
			continue
		}
		f := l.file("--kubeconfig", path)
		if f.once {
			r.add(f, nil)
			continue
		}
		now := l.reader.readAny(path)
		if l.isDirectory(path, now) {
			l.fromDirectory(&r, path, now)
			continue
		}
		r.add(f, f.take(now))
	}
	return r
}

// isDirectory says whether path is, or was, a directory of kubeconfigs.
func (l *Loader) isDirectory(path string, now found) bool {
	if now.err == nil {
		if _, was := l.dirs[path]; !was && now.mode.IsDir() && l.files[path].good == nil {
			l.dirs[path] = nil
		}
	}
	_, is := l.dirs[path]
	return is
}

// fromDirectory reads the kubeconfigs of a directory, in the order of their names.
// One that cannot be listed, or is empty, as the place of a mount that is gone is,
// has those that it had.
func (l *Loader) fromDirectory(r *reading, dir string, now found) {
	var paths []string
	for _, entry := range now.entries {
		if !passedOver(entry.Name()) {
			paths = append(paths, filepath.Join(dir, entry.Name()))
		}
	}
	switch {
	case now.err != nil:
		r.fails(fmt.Errorf("--kubeconfig=%q: %w", dir, now.err))
		paths = l.dirs[dir]
	case !now.mode.IsDir():
		r.fails(fmt.Errorf("--kubeconfig=%q: not a directory, and was one before", dir))
		paths = l.dirs[dir]
	case len(paths) == 0:
		r.fails(fmt.Errorf("--kubeconfig=%q: the directory holds no files", dir))
		paths = l.dirs[dir]
	}
	for _, path := range l.dirs[dir] {
		if !slices.Contains(paths, path) {
			delete(l.files, path)
		}
	}
	l.dirs[dir] = paths
	before := len(r.configs) + len(r.problems)
	for _, path := range paths {
		l.fromEntry(r, path)
	}
	if len(r.configs)+len(r.problems) == before {
		r.fails(fmt.Errorf("--kubeconfig=%q: the directory holds no kubeconfigs", dir))
	}
}

// fromEntry reads a file of a directory. What is no kubeconfig, and never was one,
// is left out.
func (l *Loader) fromEntry(r *reading, path string) {
	f := l.file("--kubeconfig", path)
	if spare(filepath.Base(path)) {
		r.leftOut = append(r.leftOut, path)
		return
	}
	now := l.reader.read(path)
	if errors.Is(now.err, fs.ErrNotExist) && !there(path) {
		return // it has gone since the directory was listed
	}
	err := f.take(now)
	other := now.err == nil && (!now.mode.IsRegular() || f.fault != nil && !like(now.data) || f.fault == nil && len(f.config.Contexts) == 0)
	if other && f.good == nil {
		r.leftOut = append(r.leftOut, path)
		return
	}
	r.add(f, err)
}

// there says whether path exists, if only as a link that leads nowhere.
func there(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
