package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"k8s.io/client-go/tools/clientcmd/api"
)

// kubeconfig is one file, or the several of KUBECONFIG merged.
type kubeconfig struct {
	// origin is what messages begin with: flag or variable, and path.
	origin string
	config *api.Config
}

// reading is the result of reading all kubeconfigs.
type reading struct {
	configs  []kubeconfig
	clusters []Cluster // that are in no kubeconfig
	problems []error
	leftOut  []LeftOut
}

func (r *reading) fails(err error) { r.problems = append(r.problems, err) }

// add adds a file that is not merged with others. While it cannot be read, its last
// valid content is used.
func (r *reading) add(f *file, err error) {
	if err != nil {
		r.fails(err)
	}
	if f.good != nil {
		r.configs = append(r.configs, kubeconfig{f.origin, f.good})
	}
}

// file returns what is remembered of a path that was named.
func (l *Loader) file(origin, path string, unfit func(*api.Config) error) *file {
	f := l.files[path]
	if f == nil {
		f = newFile(origin, path, unfit)
		l.files[path] = f
	}
	return f
}

// AwaitPipes waits for the pipes among the paths that were named, such as those of
// --kubeconfig=<(command), as long as they have writers, but no longer than limit or
// ctx. Load, whose own wait is much shorter, then finds their content.
func (l *Loader) AwaitPipes(ctx context.Context, limit time.Duration) {
	paths := l.opts.Kubeconfigs
	if len(paths) == 0 {
		paths = filepath.SplitList(l.env.Getenv("KUBECONFIG"))
	}
	l.reader.awaitWriters(ctx, l.unread(paths), limit)
}

// unread returns the paths that must be read: the content of a pipe that has been
// read is kept.
func (l *Loader) unread(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		f := l.files[path]
		return path == "" || f != nil && f.once
	})
}

// begin starts to read all paths at the same time.
func (l *Loader) begin(paths []string) {
	for _, path := range l.unread(paths) {
		l.reader.begin(path)
	}
}

// open reads a path that was named. The content of a pipe is kept until something
// else replaces the pipe.
func (l *Loader) open(f *file) found {
	if f.once {
		now := l.reader.read(f.path)
		if l.note(f.path, now); !now.regular() && !now.mode.IsDir() {
			return found{}
		}
		f.once = false
		return now
	}
	now := l.reader.readNamed(f.path)
	seen := now
	if errors.Is(now.err, errHangs) && now.mode != 0 {
		seen.err = nil // a pipe is one, with or without a writer
	}
	l.note(f.path, seen)
	return now
}

// fromFlags reads each file of --kubeconfig on its own: unlike KUBECONFIG's files
// they do not share users and clusters, so that kubeconfigs which differ only in the
// address can be used together.
func (l *Loader) fromFlags() (r reading) {
	l.begin(l.opts.Kubeconfigs)
	var sources []*source
	for _, path := range l.opts.Kubeconfigs {
		f := l.file("--kubeconfig", path, l.opts.unfit)
		sources = append(sources, l.source(f, l.open(f)))
	}
	l.take(sources)
	for _, s := range sources {
		l.add(&r, s)
	}
	return r
}

func (l *Loader) fromHome() (r reading) {
	home, err := l.env.Home()
	if err != nil {
		r.fails(fmt.Errorf("%s, and there is no home directory: %w", l.opts.noKubeconfig(), err))
		return r
	}
	path := filepath.Join(home, ".kube", "config")
	f := l.file("default kubeconfig", path, l.opts.unfit)
	now := l.open(f)
	if errors.Is(now.err, fs.ErrNotExist) && f.good == nil {
		r.fails(fmt.Errorf("%s, and %q does not exist", l.opts.noKubeconfig(), path))
		return r
	}
	r.add(f, f.take(now))
	return r
}

// noKubeconfig says what was looked for before the home directory, and what for: with a
// flag that asks for contexts, a pod's own account is none.
func (o Options) noKubeconfig() string {
	const unset = "--kubeconfig and KUBECONFIG are not set"
	switch {
	case len(o.Contexts) > 0:
		return "--kubernetes.context needs a kubeconfig: " + unset
	case o.AllContexts:
		return "--kubernetes.all-contexts needs a kubeconfig: " + unset
	}
	return "no kubeconfig: " + unset + ", not running in a pod"
}

func (l *Loader) fromServiceAccount() (r reading) {
	if l.account == nil {
		var err error
		if l.account, err = l.env.InCluster(); err != nil {
			r.fails(fmt.Errorf("in-cluster configuration: %w (give --kubeconfig to use a file)", err))
			return r
		}
	}
	name := l.opts.Name
	if name == "" {
		name = InCluster
	}
	r.clusters = []Cluster{{Name: name, Source: "in-cluster configuration", Key: InCluster, Server: InCluster, Place: InCluster, config: l.account}}
	return r
}
