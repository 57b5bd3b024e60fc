package cluster

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// directory is what the Loader remembers of a directory of --kubeconfig: its files by
// name.
type directory map[string]*file

// good returns the kubeconfigs as they last were valid.
func (d directory) good() []kubeconfig {
	var r reading
	for _, name := range slices.Sorted(maps.Keys(d)) {
		r.add(d[name], nil)
	}
	return r.configs
}

// LeftOut is a file of a directory that is not read as a kubeconfig.
type LeftOut struct {
	// Path is the file's, Why a few constant words.
	Path, Why string
}

// source is one path of --kubeconfig in one Load: a file, or a directory of files.
type source struct {
	path, origin string
	dir          bool
	err          error // of the directory
	candidates   []*candidate
}

// candidate is a file in one Load.
type candidate struct {
	*file
	now   found // without the content
	err   error
	alias bool   // another one of this Load is the same file
	gone  bool   // since the directory was listed
	why   string // why it is left out; empty if it is not
}

// source returns what a path leads to now. Once a directory, it stays one.
func (l *Loader) source(f *file, now found) *source {
	s := &source{path: f.path, origin: f.origin}
	if _, was := l.dirs[f.path]; !was && now.err == nil && now.mode.IsDir() && f.good == nil {
		l.dirs[f.path] = directory{}
	}
	known, is := l.dirs[f.path]
	switch s.dir = is; {
	case !is:
		s.candidates = []*candidate{{file: f, now: now, err: f.take(now)}}
	case now.err != nil:
		s.err = fmt.Errorf("%s: %w", s.origin, now.err)
	case !now.mode.IsDir():
		s.err = fmt.Errorf("%s: not a directory, and was one before", s.origin)
	default:
		s.candidates = l.list(known, f.path, now)
	}
	return s
}

// list returns the files of a directory, in the order of their names.
func (l *Loader) list(known directory, path string, now found) (candidates []*candidate) {
	for _, entry := range now.entries {
		name := entry.Name()
		if passedOver(name) {
			continue
		}
		c := &candidate{file: known[name]}
		if c.file == nil {
			c.file = newFile("--kubeconfig", filepath.Join(path, name), l.opts.unfit)
			c.listed = true
		}
		if copyOfOther(name) {
			c.why = "its name is that of a backup or a lock"
		}
		candidates = append(candidates, c)
	}
	return candidates
}

// take reads the files of all directories, and finds those that are the same.
func (l *Loader) take(sources []*source) {
	var all []*candidate
	listed := make(map[string][]*candidate)
	for _, s := range sources {
		all = append(all, s.candidates...)
		for _, c := range s.candidates {
			if s.dir && c.why == "" {
				listed[c.path] = append(listed[c.path], c)
			}
		}
	}
	l.reader.readEach(slices.Collect(maps.Keys(listed)), func(path string, now found) {
		l.note(path, now)
		for _, c := range listed[path] {
			c.take(now)
		}
	})
	markAliases(all)
}

// take reads a file of a directory from now. A file that is not a kubeconfig, and
// never was one, is left out.
func (c *candidate) take(now found) {
	if c.gone = now.nothing(); c.gone {
		return
	}
	if c.err = c.file.take(now); c.good == nil {
		c.why = c.foreign(now)
	}
	now.data, now.entries = nil, nil
	c.now = now
}

// add adds the kubeconfigs of a source. A directory that cannot be listed, or holds
// no kubeconfigs any more, such as a mount point without its mount, keeps those that
// it had.
func (l *Loader) add(r *reading, s *source) {
	var own reading
	if s.err != nil {
		own.fails(s.err)
	}
	aliases, files := 0, make(directory)
	for _, c := range s.candidates {
		files[filepath.Base(c.path)] = c.file
		switch {
		case c.gone:
		case c.why != "":
			own.leftOut = append(own.leftOut, LeftOut{c.path, c.why})
		case c.alias:
			aliases++
		default:
			own.add(c.file, c.err)
		}
	}
	if s.dir {
		l.remember(&own, s, files, aliases)
	}
	r.configs = append(r.configs, own.configs...)
	r.problems = append(r.problems, own.problems...)
	r.leftOut = append(r.leftOut, own.leftOut...)
}

func (l *Loader) remember(own *reading, s *source, files directory, aliases int) {
	if len(own.configs)+len(own.problems)+aliases == 0 {
		own.fails(fmt.Errorf("%s: the directory holds no kubeconfigs", s.origin))
	}
	if len(own.configs)+aliases > 0 {
		l.dirs[s.path] = files
	} else {
		own.configs = l.dirs[s.path].good()
	}
}
