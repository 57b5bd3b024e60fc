package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"text/tabwriter"
	"time"
)

// commandLine is a program that a person runs once to see where the pods are.
type commandLine struct {
	name  string
	path  string
	args  []string
	check func(output []byte, truth tally) error
}

func (c config) commandLines() []commandLine {
	return []commandLine{
		{"kubectl pod-count", c.plugin, []string{"-o", "json"}, checkPlugin},
		{"kubectl get pods", c.kubectl, []string{"get", "pods", "--all-namespaces", "--output=wide"}, checkPods},
	}
}

// commandLines compares the kubectl plugin with what people type without it. They
// take turns, each time in a process of its own.
func commandLines(ctx context.Context, cfg config, stdout io.Writer) error {
	for _, pods := range cfg.pods {
		err := onControlplane(ctx, cfg, pods, func(plane *controlplane, dir string) error {
			rows, err := compareCommands(ctx, cfg, plane, dir)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "%d nodes, %d active pods, seed %d; medians of %d runs each\n\n", len(plane.truth.Nodes), plane.truth.active(), cfg.seed, cfg.runs)
			return writeCommands(stdout, rows)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func compareCommands(ctx context.Context, cfg config, plane *controlplane, dir string) ([]row, error) {
	var named []contender
	samples, sent := map[string][]sample{}, map[string]transfer{}
	through, err := startProxy(ctx, plane.kubeconfig(), dir)
	if err != nil {
		return nil, err
	}
	defer through.stop()
	for _, c := range cfg.commandLines() {
		named = append(named, contender{name: c.name})
		// Discovery goes into kubectl's cache, for each address: once before bytes are
		// counted, and once before time is.
		for range 2 {
			through.take()
			if _, err := c.run(ctx, through.kubeconfig, dir, plane); err != nil {
				return nil, err
			}
		}
		taken := through.take()
		sent[c.name] = transfer{pods: taken["pods"], nodes: taken["nodes"]}
		if _, err := c.run(ctx, plane.kubeconfig(), dir, plane); err != nil {
			return nil, err
		}
	}
	for range cfg.runs {
		for _, c := range cfg.commandLines() {
			if err := settle(cfg.settle)(ctx); err != nil {
				return nil, err
			}
			s, err := c.run(ctx, plane.kubeconfig(), dir, plane)
			if err != nil {
				return nil, err
			}
			samples[c.name] = append(samples[c.name], s)
		}
	}
	return summarize(named, samples, sent), nil
}

// run runs the program once, and compares what it prints with the truth.
func (c commandLine) run(ctx context.Context, kubeconfig, home string, plane *controlplane) (s sample, err error) {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "HOME="+filepath.Join(home, "home"))
	cmd.Stdout, cmd.Stderr = &output, os.Stderr
	before, err := cpuTime(plane.pid())
	if err != nil {
		return s, err
	}
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return s, fmt.Errorf("%s: %w", c.name, err)
	}
	s.wall = time.Since(start)
	after, err := cpuTime(plane.pid())
	if err != nil {
		return s, err
	}
	usage, known := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !known {
		return s, errors.New("this system does not tell what a process has used")
	}
	s.server, s.own = after-before, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	s.rss = usage.Maxrss << 10 // of kB
	if err := c.check(output.Bytes(), plane.truth); err != nil {
		return s, fmt.Errorf("%s: %w", c.name, err)
	}
	return s, nil
}

// checkPlugin compares the plugin's JSON, node by node.
func checkPlugin(output []byte, truth tally) error {
	var doc struct {
		Clusters []struct {
			UnscheduledPods, UnknownNodePods int
			Nodes                            []struct {
				Name       string
				ActivePods int
			}
		}
	}
	if err := json.Unmarshal(output, &doc); err != nil || len(doc.Clusters) != 1 {
		return fmt.Errorf("no count of one cluster: %w", err)
	}
	one := doc.Clusters[0]
	got := tally{Nodes: map[string]int{}, Unscheduled: one.UnscheduledPods, UnknownNode: one.UnknownNodePods}
	for _, node := range one.Nodes {
		got.Nodes[node.Name] = node.ActivePods
	}
	return got.check(truth)
}

// checkPods holds that kubectl prints a line for each pod, finished ones included.
func checkPods(output []byte, truth tally) error {
	if lines := bytes.Count(output, []byte("\n")) - 1; lines < truth.active()+truth.Unscheduled {
		return fmt.Errorf("%d pods, of %d that are active", lines, truth.active()+truth.Unscheduled)
	}
	return nil
}

func writeCommands(w io.Writer, rows []row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "command\twall\tbytes\town CPU\tAPI server CPU\tpeak RSS\t")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t\n", r.name, milliseconds(r.wall), megabytes(r.total()), milliseconds(r.own), milliseconds(r.server), mebibytes(r.rss))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
