package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lay makes files of one size in directories, four in each, and returns their paths.
func lay(t *testing.T, root, kind string, dirs int, size int64) (paths []string) {
	t.Helper()
	for i := range dirs * readAtOnce {
		path := filepath.Join(root, fmt.Sprint(kind, i/readAtOnce), fmt.Sprint(i))
		put(t, "", path)
		if err := os.Truncate(path, size); err != nil { // which takes no room on the disk
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// TestRoomOfLargeFiles reads large files of many directories, beside others that hang.
func TestRoomOfLargeFiles(t *testing.T) {
	for _, tt := range []struct {
		name     string
		well     int // directories
		large    int64
		hung     int // directories
		hungSize int64
		limits   int // for which the first reading waits; after the first, any number is read at once
	}{
		{"one directory", 1, maxFile, 0, 0, 0},
		{"many directories", 6, maxFile, 0, 0, 0},
		{"files of all sizes", 6, maxFile/2 + 1, 0, 0, 0},
		{"beside small files that hang", 6, maxFile, 3, 10, 1},
		{"beside files that are too large and hang", 6, maxFile, 3, maxFile + 1, 1},
		{"beside files that hang and have half the room", 6, maxFile, 1, maxFile / 2, 1},
		{"beside files that hang and have all the room", 6, maxFile, 3, maxFile, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			paths := append(lay(t, root, "hung", tt.hung, tt.hungSize), lay(t, root, "well", tt.well, tt.large)...)
			synctest.Test(t, func(t *testing.T) {
				r, free := newReader(), make(chan struct{})
				defer close(free)
				var mu sync.Mutex
				var held, most int64 // bytes of files that do not hang
				r.readPath = func(path string, _ func(fs.FileMode, bool)) found {
					if strings.Contains(path, "/hung") {
						<-free
						return found{}
					}
					mu.Lock()
					held += tt.large
					most = max(most, held)
					mu.Unlock()
					time.Sleep(time.Millisecond) // others begin meanwhile
					return found{}
				}
				for reading, limits := range []int{tt.limits, 0} { // later, what hangs is left out
					most = 0
					began, well, silent := time.Now(), 0, 0
					r.readEach(paths, func(_ string, f found) {
						if errors.Is(f.err, errHangs) {
							silent++
							return
						}
						well++
						mu.Lock()
						held -= tt.large
						mu.Unlock()
					})
					if took := time.Since(began) / readLimit; well != tt.well*readAtOnce || silent != tt.hung*readAtOnce || int(took) != limits {
						t.Errorf("reading %d: %d files, %d that hang, waited for %d limits, want %d", reading, well, silent, took, limits)
					}
					if most > readRoom && limits < 2 {
						t.Errorf("reading %d: %d MiB at once", reading, most>>20)
					}
				}
			})
		})
	}
}
