package cluster

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// pipePause is how long to wait for data before the pipe itself is checked again.
const pipePause = 100 * time.Millisecond

// readPipe reads a pipe until its writers have closed it. It calls written when there
// are writers, and waits for them without blocking in the kernel. replaced is true
// when something else has replaced the pipe at its path.
func readPipe(path string, pipe fs.FileInfo, written func()) (data []byte, replaced bool, err error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = file.Close() }() // the pipe was only read
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
