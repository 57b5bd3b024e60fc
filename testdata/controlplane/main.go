// Command controlplane runs a real etcd and a real kube-apiserver in one
// process on loopback, loaded with nodes and pods made from a seed.
//
//	controlplane --dir DIR --nodes 104 --pods 10000 --seed 1
//	controlplane compact --dir DIR
//
// DIR holds everything: certificates, etcd's data, the logs, admin.kubeconfig
// and truth.json with the counts that are right. Started again on the same DIR
// it comes back with the same data on the same ports, whether it was stopped or
// killed. Once the API server is ready, "ready URL" goes to standard output and
// to DIR/ready.
//
// It is made for tests: nothing but loopback reaches it, and etcd does not wait
// for the disk.
package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	stderr := os.Stderr // the API server's logger gets another
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "controlplane:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) > 0 && args[0] == "compact" {
		return compact(ctx, args[1:])
	}
	cfg, err := parseFlags(args)
	if err != nil {
		return err
	}
	return serve(ctx, cfg, stdout)
}

// serve brings everything up in order and takes it down in the reverse one.
func serve(ctx context.Context, cfg config, stdout io.Writer) (err error) {
	st, err := openState(cfg.dir, cfg.port, rand.IntN)
	if err != nil {
		return err
	}
	if err := writeCredentials(st, time.Now()); err != nil {
		return err
	}
	etcd, err := startEtcd(ctx, st)
	if err != nil {
		return err
	}
	defer closeWithin(10*time.Second, etcd.Close)
	if err := loadOnce(ctx, st, cfg.spec, etcd); err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- runAPIServer(ctx, st, cfg.featureGates) }()
	ready := make(chan error, 1)
	go func() { ready <- waitReady(ctx, st) }()
	return attend(ctx, failed, ready, func() error { return announce(st, stdout) })
}

// attend announces once the API server is ready, and stays until it fails or
// ctx ends.
func attend(ctx context.Context, failed, ready <-chan error, announce func() error) error {
	for {
		select {
		case err := <-failed:
			return err
		case err := <-ready:
			if ctx.Err() != nil {
				return stopped(failed, 10*time.Second)
			}
			if err != nil {
				return err
			}
			if err := announce(); err != nil {
				return err
			}
		case <-ctx.Done():
			return stopped(failed, 10*time.Second)
		}
	}
}

// stopped waits for the API server to end. One that hangs is left behind: the
// process ends, and etcd's log brings the data back.
func stopped(failed <-chan error, limit time.Duration) error {
	select {
	case err := <-failed:
		return err
	case <-time.After(limit):
		return nil
	}
}

// closeWithin gives up on a close that waits for clients that never go.
func closeWithin(limit time.Duration, closer func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		closer()
	}()
	select {
	case <-done:
	case <-time.After(limit):
	}
}
