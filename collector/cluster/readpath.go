package cluster

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// maxFile is more than any kubeconfig, certificate or token needs, and small enough
// to be read into memory. A kubeconfig of 500 clusters takes 5 MiB if its certificates and
// keys are RSA of 4096 bits, and 3 MiB with 2048; parsing takes some ten times its size.
const maxFile = 8 << 20

// found is what was found at a path.
type found struct {
	info    fs.FileInfo   // of the file that a link leads to; nil with some errors
	mode    fs.FileMode   // info's
	link    bool          // the path is a symbolic link
	data    []byte        // of a file; nil when it was not read
	entries []fs.DirEntry // of a directory, by name
	err     error         // without operation and path
}

func (f found) regular() bool { return f.err == nil && f.mode.IsRegular() }

// nothing says whether the path does not exist, not even as a link without a target.
func (f found) nothing() bool { return errors.Is(f.err, fs.ErrNotExist) && !f.link }

// same says whether both were read and are the same file, by a link or by two names.
func (f found) same(other found) bool {
	return f.regular() && other.regular() && os.SameFile(f.info, other.info)
}

// readPath reads a file or lists a directory. It follows links. Anything else, such
// as a pipe, is read to its end, but only if pipe is given: it is called with the
// mode, and again when the pipe is open.
func readPath(path string, pipe func(mode fs.FileMode, opened bool)) (f found) {
	if info, err := os.Lstat(path); err == nil {
		f.link = info.Mode()&fs.ModeSymlink != 0
	}
	info, err := os.Stat(path)
	if err != nil {
		f.err = cause(err)
		return f
	}
	f.info, f.mode = info, info.Mode()
	switch {
	case info.IsDir():
		f.entries, err = os.ReadDir(path)
	case info.Size() > maxFile:
		err = errTooLarge
	case info.Mode().IsRegular():
		f.data, err = readAll(path)
	case pipe != nil && info.Mode()&fs.ModeNamedPipe != 0:
		pipe(f.mode, false)
		var replaced bool
		if f.data, replaced, err = readPipe(path, info, func() { pipe(f.mode, true) }); replaced {
			return readPath(path, pipe)
		}
	case pipe != nil:
		pipe(f.mode, true)
		f.data, err = readAll(path)
	}
	f.err = cause(err)
	return f
}

func readAll(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // the file was only read
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, errTooLarge
	}
	return data, err
}

// exceeds is the error of a file that is larger than it may be.
type exceeds string

// Error says what it exceeds.
func (e exceeds) Error() string { return string(e) }

const errTooLarge = exceeds("larger than 8 MiB")

// cause returns the error of a file without operation and path, which the message has
// already.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
