package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// hung makes l's files below a folder named hung hang until the test releases them.
func hung(l *Loader) (letGo func()) {
	free := make(chan struct{})
	l.reader.readPath = func(path string, pipe func(fs.FileMode, bool)) found {
		if strings.Contains(path, "/hung") {
			<-free
		}
		return readPath(path, pipe)
	}
	return func() { close(free) }
}

// fileOf is a kubeconfig of one context, named after its server's host.
func fileOf(name, more string) string {
	return fmt.Sprintf("current-context: %[1]s\nclusters: [{name: c, cluster: {server: \"https://%[1]s\"%[2]s}}]\ncontexts: [{name: %[1]s, context: {cluster: c}}]\n", name, more)
}

func put(t *testing.T, content string, elements ...string) {
	t.Helper()
	path := filepath.Join(elements...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Each step of a Load waits only once for everything that hangs in it, and so does a
// check for changes.
func TestLoadWaitsOnceForAllThatHangs(t *testing.T) {
	const many = 20
	for _, tt := range []struct {
		name string
		lay  func(t *testing.T, root string) (flags []string)
		want int // clusters that can be used
	}{
		{"directories that do not answer", func(t *testing.T, root string) (flags []string) {
			put(t, fileOf("well", ""), root, "well", "a")
			for i := range many {
				flags = append(flags, filepath.Join(root, fmt.Sprint("hung", i)))
			}
			return append(flags, filepath.Join(root, "well"))
		}, 1},
		{"files of many directories", func(t *testing.T, root string) (flags []string) {
			for i := range many {
				dir := filepath.Join(root, fmt.Sprint(i))
				put(t, fileOf(fmt.Sprint("c", i), ""), dir, "a") // which is read before
				put(t, "", dir, "hung")
				put(t, fileOf(fmt.Sprint("d", i), ""), dir, "z")
				flags = append(flags, dir)
			}
			return flags
		}, 2 * many},
		{"directories in which too many files hang", func(t *testing.T, root string) (flags []string) {
			for i := range many {
				dir := filepath.Join(root, fmt.Sprint(i))
				put(t, fileOf(fmt.Sprint("c", i), ""), dir, "a") // which is read before
				for n := range readAtOnce {
					put(t, "", dir, fmt.Sprint("hung", n))
				}
				put(t, fileOf(fmt.Sprint("d", i), ""), dir, "z")
				flags = append(flags, dir)
			}
			return flags
		}, many},
		{"files that kubeconfigs name", func(t *testing.T, root string) []string {
			put(t, fileOf("well", ""), root, "configs", "a")
			for i := range many {
				put(t, fileOf(fmt.Sprint("c", i), fmt.Sprintf(", certificate-authority: %q", filepath.Join(root, fmt.Sprint("hung", i), "ca"))), root, "configs", fmt.Sprint(i))
			}
			return []string{filepath.Join(root, "configs")}
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			flags := tt.lay(t, t.TempDir())
			synctest.Test(t, func(t *testing.T) {
				l := NewLoader(Options{Kubeconfigs: flags})
				defer hung(l)()
				began := time.Now()
				usable := 0
				for _, c := range l.Load().Clusters {
					if c.Fault == nil {
						usable++
					}
				}
				if took := time.Since(began); took != readLimit || usable != tt.want {
					t.Errorf("took %s and found %d clusters that can be used, want %s and %d", took, usable, readLimit, tt.want)
				}
				if began = time.Now(); l.Load().Problems == nil && tt.name != "files that kubeconfigs name" {
					t.Error("no problem with what hangs")
				}
				if l.Changed() {
					t.Error("what hangs is a change")
				}
				if took := time.Since(began); took != 0 {
					t.Errorf("another reading took %s", took)
				}
			})
		})
	}
}

// A mount that hangs says nothing about the one beside it.
func TestMountThatHangsLater(t *testing.T) {
	root := t.TempDir()
	dead, well := filepath.Join(root, "dead"), filepath.Join(root, "well")
	put(t, fileOf("a", ""), dead, "a")
	put(t, fileOf("b", ""), well, "b")
	synctest.Test(t, func(t *testing.T) {
		l := NewLoader(Options{Kubeconfigs: []string{dead, well}})
		l.Load()
		free := make(chan struct{})
		defer close(free)
		l.reader.readPath = func(path string, pipe func(fs.FileMode, bool)) found {
			if strings.HasPrefix(path, dead) {
				<-free
			}
			return readPath(path, pipe)
		}
		if !l.Changed() {
			t.Error("that a mount hangs is no change")
		}
		if loaded := l.Load(); len(loaded.Clusters) != 2 || len(loaded.Problems) != 1 || l.Changed() {
			t.Errorf("%d clusters, problems %q, or a change again", len(loaded.Clusters), loaded.Problems)
		}
		put(t, fileOf("c", ""), well, "b")
		if !l.Changed() {
			t.Error("a change beside it is not seen")
		}
	})
}

// pipes makes l's files named pipe hang until a time after the beginning. Those named
// pipe-open have a writer.
func pipes(l *Loader, until time.Duration, content string) {
	began := time.Now()
	l.reader.readPath = func(path string, pipe func(fs.FileMode, bool)) found {
		switch name := filepath.Base(path); {
		case !strings.HasPrefix(name, "pipe"):
			return readPath(path, pipe)
		case pipe != nil:
			pipe(fs.ModeNamedPipe, false)
			if name == "pipe-open" {
				pipe(fs.ModeNamedPipe, true)
			}
			time.Sleep(time.Until(began.Add(until)))
		}
		return found{mode: fs.ModeNamedPipe, data: []byte(content)}
	}
}

// A pipe is waited for while it has a writer.
func TestAwaitPipes(t *testing.T) {
	const limit = 30 * time.Second
	for _, tt := range []struct {
		name, pipe string
		until      time.Duration // the writer has ended, or there is one
		stop       time.Duration // the context ends; 0 for never
		want       time.Duration
		clusters   int
		says       string
		inVariable bool
	}{
		{name: "quick writer", pipe: "pipe-open", until: time.Second, want: time.Second, clusters: 2},
		{name: "slow writer", pipe: "pipe-open", until: 29 * time.Second, want: 29 * time.Second, clusters: 2},
		{name: "slow writer in the variable", pipe: "pipe-open", until: 29 * time.Second, want: 29 * time.Second, clusters: 2, inVariable: true},
		{name: "writer that does not end", pipe: "pipe-open", until: time.Hour, want: limit, clusters: 1, says: "a pipe whose writer has not closed it yet"},
		{name: "no writer", pipe: "pipe", until: 20 * time.Second, want: readLimit, clusters: 1, says: "a pipe that nobody writes to"},
		{name: "stop", pipe: "pipe-open", until: time.Hour, stop: 10 * time.Second, want: 10 * time.Second, clusters: 1, says: "a pipe whose writer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, fileOf("a", ""), dir, "a")
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.stop > 0 {
					time.AfterFunc(tt.stop, cancel)
				}
				paths := []string{filepath.Join(dir, tt.pipe), filepath.Join(dir, "a")}
				opts := Options{Kubeconfigs: paths, AllContexts: true}
				if tt.inVariable {
					opts.Kubeconfigs, opts.Env.Getenv = nil, func(string) string { return strings.Join(paths, ":") }
				}
				l := NewLoader(opts)
				pipes(l, tt.until, fileOf("b", ""))
				began := time.Now()
				l.AwaitPipes(ctx, limit)
				loaded := l.Load()
				if took := time.Since(began); took != tt.want {
					t.Errorf("took %s, want %s", took, tt.want)
				}
				if got := len(loaded.Clusters); got != tt.clusters {
					t.Errorf("%d clusters, want %d", got, tt.clusters)
				}
				if problem := errors.Join(loaded.Problems...); (problem != nil) != (tt.says != "") || problem != nil && !strings.Contains(problem.Error(), tt.says) {
					t.Errorf("problems %v, want %q", problem, tt.says)
				}
				time.Sleep(time.Hour) // what is left behind ends
			})
		})
	}
}

// A file that a kubeconfig names, and that hangs, leaves its cluster as it was, and
// does not affect those whose files are beside it.
func TestNamedFileThatHangs(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		put(t, canaryToken, root, "tokens", name)
		user := fmt.Sprintf("users: [{name: u, user: {tokenFile: %q}}]\n", filepath.Join(root, "tokens", name))
		put(t, strings.Replace(fileOf(name, ""), "{cluster: c}", "{cluster: c, user: u}", 1)+user, root, "configs", name)
	}
	synctest.Test(t, func(t *testing.T) {
		l := NewLoader(Options{Kubeconfigs: []string{filepath.Join(root, "configs")}})
		first := l.Load()
		free := make(chan struct{})
		l.reader.readPath = func(path string, pipe func(fs.FileMode, bool)) found {
			if strings.HasSuffix(path, "tokens/b") {
				<-free
			}
			return readPath(path, pipe)
		}
		if !l.Changed() {
			t.Error("that a file hangs is no change")
		}
		for range 3 {
			loaded := l.Load()
			if len(loaded.Clusters) != 3 || len(loaded.Problems) != 1 || !strings.Contains(loaded.Problems[0].Error(), `user "u": tokenFile: still being read`) {
				t.Fatalf("%d clusters, problems %q", len(loaded.Clusters), loaded.Problems)
			}
			for i, c := range loaded.Clusters {
				if c.Fault != nil || c.Key != first.Clusters[i].Key {
					t.Errorf("cluster %s is another one: %v", c.Name, c.Fault)
				}
			}
			if l.Changed() {
				t.Error("what hangs still is a change")
			}
		}
		close(free) // which nothing hangs at any more
		synctest.Wait()
		if loaded := l.Load(); len(loaded.Problems) > 0 || len(loaded.Clusters) != 3 {
			t.Errorf("when it is over: %d clusters, problems %q", len(loaded.Clusters), loaded.Problems)
		}
	})
}

// canaryToken is the content of a token's file.
const canaryToken = "token-of-a-file"
