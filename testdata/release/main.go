// Command release builds what a release consists of: a tarball with the binaries
// for each platform, their licences, software bills of materials, an image
// archive, krew's manifest of the kubectl plugin and checksums. Two runs over one commit give the same bytes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run builds a release and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	r, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(stderr, "release: error:", err)
		return exitUsage
	}
	if err := r.build(ctx, stdout); err != nil {
		fmt.Fprintln(stderr, "release: error:", err)
		return exitFailed
	}
	return exitOK
}

// release is one version to build.
type release struct {
	source  string    // root of the checkout
	out     string    // folder for what is built
	version string    // such as 0.2.0
	commit  string    // whole hash
	date    time.Time // of the commit; all files in the archives have it
	ldflags string
	only    string // one platform such as linux/amd64; all when empty
}

func parseFlags(args []string, stderr io.Writer) (release, error) {
	r := release{}
	var unix int64
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&r.source, "source", ".", "root of the checkout")
	flags.StringVar(&r.out, "out", "dist", "folder for what is built; must not exist, or be empty")
	flags.StringVar(&r.version, "version", "", "version, such as 0.2.0")
	flags.StringVar(&r.commit, "commit", "", "hash of the commit")
	flags.Int64Var(&unix, "date", 0, "Unix time of the commit")
	flags.StringVar(&r.ldflags, "ldflags", "", "flags for the linker")
	flags.StringVar(&r.only, "platform", "", "build one platform only, such as linux/amd64")
	if err := flags.Parse(args); err != nil {
		return r, err
	}
	r.date = time.Unix(unix, 0).UTC()
	switch {
	case r.version == "":
		return r, errors.New("-version is needed")
	case unix <= 0:
		return r, errors.New("-date is needed")
	case len(r.platforms()) == 0:
		return r, fmt.Errorf("-platform=%q: not among %v", r.only, platforms())
	}
	return r, nil
}

// build makes everything, and the checksums last.
func (r release) build(ctx context.Context, stdout io.Writer) error {
	if entries, err := os.ReadDir(r.out); err == nil && len(entries) > 0 {
		return fmt.Errorf("-out=%q is not empty", r.out)
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return fmt.Errorf("-out=%q: %w", r.out, err)
	}
	var built []artifact
	for _, p := range r.platforms() {
		fmt.Fprintf(stdout, "building %s\n", p)
		all, err := r.compile(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if err := r.pack(ctx, all); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		built = append(built, all[0]) // the image has the exporter alone
	}
	if err := r.writeKrew(); err != nil {
		return fmt.Errorf("krew's manifest: %w", err)
	}
	if err := r.writeImage(built); err != nil {
		return fmt.Errorf("image archive: %w", err)
	}
	if err := os.RemoveAll(filepath.Join(r.out, workFolder)); err != nil {
		return fmt.Errorf("removing the binaries: %w", err)
	}
	return r.writeChecksums()
}
