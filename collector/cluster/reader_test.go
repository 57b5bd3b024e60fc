package cluster

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// hanging is a reader whose files below /hung do not answer until they are released.
type hanging struct {
	*reader
	begun int
	free  chan struct{}
}

func newHanging() *hanging {
	h := &hanging{reader: newReader(), free: make(chan struct{})}
	h.readPath = func(path string, _ func(fs.FileMode, bool)) found {
		if path[:5] == "/hung" {
			h.mu.Lock()
			h.begun++
			h.mu.Unlock()
			<-h.free
		}
		return found{data: []byte(path), mode: fs.FileMode(0)}
	}
	return h
}

// A file that does not answer is waited for once, and then no longer, nor are those
// beside it. Others are read as always. It heals when the file answers.
func TestReaderLeavesBehindWhatHangs(t *testing.T) {
	for name, read := range map[string]func(h *hanging, path string) found{
		"file of a directory": func(h *hanging, path string) found { return h.read(path) },
		"path that was named": func(h *hanging, path string) found { return h.readNamed(path) },
		"file that client-go reads": func(h *hanging, path string) found {
			f, err := within(h.reader, path, func() found { return h.readPath(path, nil) })
			return found{data: f.data, err: err}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHanging()
				began := time.Now()
				for range 20 {
					if f := read(h, "/hung/a"); !errors.Is(f.err, errHangs) {
						t.Errorf("a file that hangs gave %v", f.err)
					}
					if f := read(h, "/well/a"); f.err != nil || string(f.data) != "/well/a" {
						t.Errorf("another file gave %q, %v", f.data, f.err)
					}
				}
				if took := time.Since(began); took != readLimit || h.begun != 1 {
					t.Errorf("20 times took %s and began %d readings, want %s and 1", took, h.begun, readLimit)
				}
				close(h.free)
				synctest.Wait()
				if f := read(h, "/hung/a"); f.err != nil || string(f.data) != "/hung/a" {
					t.Errorf("the file that answers gave %q, %v", f.data, f.err)
				}
			})
		})
	}
}

// However many directories hang, each costs one reading, and the next is read.
func TestReaderReadsBesideManyThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHanging()
		for i := range 50 {
			dir := "/hung" + string(rune('a'+i%26)) + string(rune('a'+i/26))
			_, _ = h.read(dir+"/x"), h.readNamed(dir)
		}
		if f := h.read("/well/a"); f.err != nil {
			t.Errorf("a file beside them gave %v", f.err)
		}
		close(h.free)
	})
}

// Many pipes without a writer delay a reading of the kubeconfigs no longer than one
// does.
func TestPipesThatHangTogether(t *testing.T) {
	for name, opts := range map[string]Options{
		"flags":    {Kubeconfigs: []string{"/hung/a", "/hung/b", "/hung/c", "/well"}},
		"variable": {Env: Env{Getenv: func(string) string { return "/hung/a:/hung/b:/hung/c:/well" }}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, l, began := newHanging(), NewLoader(opts), time.Now()
				read := h.readPath
				h.readPath = func(path string, pipe func(fs.FileMode, bool)) found {
					if pipe == nil {
						return found{mode: fs.ModeNamedPipe}
					}
					pipe(fs.ModeNamedPipe, false)
					return read(path, pipe)
				}
				l.reader = h.reader
				for range 3 {
					if loaded := l.Load(); len(loaded.Problems) < 3 {
						t.Errorf("problems %q", loaded.Problems)
					}
				}
				if took := time.Since(began); took != readLimit || h.begun != 3 {
					t.Errorf("took %s and began %d readings, want %s and 3", took, h.begun, readLimit)
				}
				close(h.free)
			})
		})
	}
}

// A folder that cannot be listed, such as lost+found, is still not a kubeconfig.
func TestFolderThatCannotBeListed(t *testing.T) {
	l := NewLoader(Options{Kubeconfigs: []string{"dir"}})
	l.reader.readPath = func(path string, _ func(fs.FileMode, bool)) found {
		if path == "dir" {
			return found{mode: fs.ModeDir, entries: []fs.DirEntry{fs.FileInfoToDirEntry(folder{})}}
		}
		return found{mode: fs.ModeDir, err: fs.ErrPermission}
	}
	loaded := l.Load()
	if len(loaded.LeftOut) != 1 || loaded.LeftOut[0].Path != "dir/lost+found" {
		t.Errorf("left out %q", loaded.LeftOut)
	}
	if len(loaded.Problems) != 1 || !strings.Contains(loaded.Problems[0].Error(), "holds no kubeconfigs") {
		t.Errorf("problems %q", loaded.Problems)
	}
}

type folder struct{ fs.FileInfo }

func (folder) Name() string      { return "lost+found" }
func (folder) Mode() fs.FileMode { return fs.ModeDir }
