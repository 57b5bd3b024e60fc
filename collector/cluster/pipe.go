package cluster

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// pipePause is how long nothing comes before a pipe is looked at again.
const pipePause = 100 * time.Millisecond

// readPipe reads a pipe to its end, which is when its writers have closed it; written
// is called when there are some. It waits for them without being stuck in the kernel:
// when something else takes the place of the pipe, replaced is true.
func readPipe(path string, pipe fs.FileInfo, written func()) (data []byte, replaced bool, err error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = file.Close() }() // which loses nothing
	chunk := make([]byte, 64<<10)
	for writers := false; ; {
		timed := file.SetReadDeadline(time.Now().Add(pipePause)) == nil
		n, err := file.Read(chunk)
		data = append(data, chunk[:n]...)
		waiting := errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.EAGAIN)
		if (n > 0 || waiting) && !writers {
			writers = true
			written()
		}
		switch {
		case len(data) > maxFile:
			return nil, false, errTooLarge
		case n > 0:
			continue
		case errors.Is(err, io.EOF) && writers:
			return data, false, nil
		case err != nil && !waiting && !errors.Is(err, io.EOF):
			return nil, false, err
		}
		if now, err := os.Stat(path); err != nil || !os.SameFile(now, pipe) {
			return nil, true, nil
		}
		if !waiting || !timed {
			time.Sleep(pipePause)
		}
	}
}
