package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// directory is what is remembered of one of --kubeconfig: its files by their names.
type directory map[string]*file

// isDirectory says whether a path is, or was, a directory of kubeconfigs.
func (l *Loader) isDirectory(f *file, now found) bool {
	if _, was := l.dirs[f.path]; !was && now.err == nil && now.mode.IsDir() && f.good == nil {
		l.dirs[f.path] = directory{}
	}
	_, is := l.dirs[f.path]
	return is
}

// fromDirectory reads the kubeconfigs of a directory, in the order of their names.
// One that cannot be listed, or holds none any more, as the place of a mount that is
// gone does, has those that it had.
func (l *Loader) fromDirectory(r *reading, path string, now found) {
	origin := fmt.Sprintf("--kubeconfig=%q", path)
	var own reading
	var files directory
	switch {
	case now.err != nil:
		own.fails(fmt.Errorf("%s: %w", origin, now.err))
	case !now.mode.IsDir():
		own.fails(fmt.Errorf("%s: not a directory, and was one before", origin))
	default:
		files = l.entries(&own, path, now)
	}
	if len(own.configs)+len(own.problems) == 0 {
		own.fails(fmt.Errorf("%s: the directory holds no kubeconfigs", origin))
	}
	if len(own.configs) > 0 {
		l.dirs[path] = files
	} else {
		own.configs = l.dirs[path].good()
	}
	r.configs = append(r.configs, own.configs...)
	r.problems = append(r.problems, own.problems...)
	r.leftOut = append(r.leftOut, own.leftOut...)
}

// good are the kubeconfigs as they last were.
func (d directory) good() []kubeconfig {
	var r reading
	for _, name := range slices.Sorted(maps.Keys(d)) {
		r.add(d[name], nil)
	}
	return r.configs
}

// entries reads the files of a directory. It returns what to remember.
func (l *Loader) entries(r *reading, path string, now found) directory {
	next := make(directory)
	for _, entry := range now.entries {
		name := entry.Name()
		child := filepath.Join(path, name)
		switch {
		case passedOver(name):
		case copyOfOther(name):
			r.leftOut = append(r.leftOut, child)
		default:
			f := l.dirs[path][name]
			if f == nil {
				f = newFile("--kubeconfig", child, l.opts.unfit)
			}
			next[name] = f
			f.enter(r, l.see(child))
		}
	}
	return next
}

// enter takes what was found of a directory's file. What is no kubeconfig, and never
// was one, is left out.
func (f *file) enter(r *reading, now found) {
	if errors.Is(now.err, fs.ErrNotExist) && !there(f.path) {
		return // it has gone since the directory was listed
	}
	err := f.take(now)
	folder := now.mode.IsDir() // whoever may list it
	if f.good == nil && (folder || now.err == nil) && (!now.regular() || !like(f.path, now.data, err)) {
		r.leftOut = append(r.leftOut, f.path)
		return
	}
	r.add(f, err)
}

// passedOver are the hidden entries of a directory: a mounted Secret keeps its
// versions in them.
func passedOver(name string) bool { return strings.HasPrefix(name, ".") }

// copyOfOther says whether a file's name is that of a copy or a lock beside the
// kubeconfigs of a directory. The content would tell nothing: a copy has the same
// contexts.
func copyOfOther(name string) bool {
	suffixes := strings.Fields(".bak .backup .old .orig .save .lock .tmp .swp .swo .part .rej .dpkg-old .dpkg-dist .dpkg-new .rpmsave .rpmnew")
	return strings.HasSuffix(name, "~") || strings.HasPrefix(name, "#") ||
		slices.Contains(suffixes, strings.ToLower(filepath.Ext(name)))
}

// like says whether a regular file is meant as a kubeconfig: it is one, or cannot be
// read as one but has one of its keys. A text about kubeconfigs may have those too.
func like(path string, data []byte, err error) bool {
	switch {
	case err == nil:
		return true
	case errors.Is(err, errNoContexts), slices.Contains([]string{".txt", ".md"}, strings.ToLower(filepath.Ext(path))):
		return false
	}
	return regexp.MustCompile(`(?m)^[\s{,"'-]*(clusters|contexts|current-context|users)["']?\s*:`).Match(data)
}

// there says whether path exists, if only as a link that leads nowhere.
func there(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
