package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// controlplane is a running control plane. Its one process holds the API server
// and etcd, so its CPU time is that of both.
type controlplane struct {
	*process
	dir   string
	truth tally
}

func (c *controlplane) kubeconfig() string { return filepath.Join(c.dir, "admin.kubeconfig") }

// startControlplane loads a control plane in dir and waits until it serves.
func startControlplane(ctx context.Context, cfg config, dir string, pods int) (*controlplane, error) {
	cmd := command(ctx, os.Stderr, cfg.controlplane, "--dir", dir,
		"--nodes", strconv.Itoa(cfg.nodes), "--pods", strconv.Itoa(pods),
		"--images", strconv.Itoa(cfg.images), "--seed", strconv.FormatUint(cfg.seed, 10), "--feature-gates", cfg.gates)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("control plane: %w", err)
	}
	child, err := start(cmd)
	if err != nil {
		return nil, err
	}
	plane := &controlplane{process: child, dir: dir}
	if err := plane.waitReady(bufio.NewScanner(stdout)); err != nil {
		plane.stop()
		return nil, err
	}
	return plane, nil
}

func (c *controlplane) waitReady(lines *bufio.Scanner) error {
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "ready ") {
			truth, err := readTruth(filepath.Join(c.dir, "truth.json"))
			c.truth = truth
			return err
		}
	}
	return errors.Join(errors.New("the control plane ended before it was ready"), lines.Err())
}
