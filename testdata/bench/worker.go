package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// A worker reads one line with a plan from standard input for each count, and
// answers with one line with a tally, or with an error that ends it. Before
// the first one it says that it has started.

// greeting says that a worker waits for its first line.
const greeting = "ready"

// countFunc counts once; plan is what the exporter asked for in its own count.
type countFunc func(ctx context.Context, plan []page) (tally, error)

// workers are the ways to count besides the exporter.
func workers() map[string]func(*rest.Config) (countFunc, error) {
	return map[string]func(*rest.Config) (countFunc, error){
		"guide":       typed("application/json", false),
		"guide-plain": typed("application/json", true),
		"protobuf":    typed("application/vnd.kubernetes.protobuf", true),
		"drain":       newDrain,

		"informer":          informed,
		"informer-metadata": informedOfMetadata,
	}
}

// work is the worker's side: args are its name and a kubeconfig.
func work(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	if len(args) != 2 {
		return errors.New("worker: a name and a kubeconfig are needed")
	}
	open, known := workers()[args[0]]
	if !known {
		return fmt.Errorf("worker: no way to count is named %q", args[0])
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", args[1])
	if err != nil {
		return fmt.Errorf("worker: kubeconfig: %w", err)
	}
	// Without TLS, as behind the proxy, client-go would take http.DefaultTransport
	// and with it compression, whatever cfg says; a dialer keeps it from that.
	cfg.Dial = new(net.Dialer).DialContext
	count, err := open(cfg)
	if err != nil {
		return fmt.Errorf("worker: %s: %w", args[0], err)
	}
	fmt.Fprintln(stdout, greeting)
	plans, answers := json.NewDecoder(stdin), json.NewEncoder(stdout)
	for {
		var plan []page
		switch err := plans.Decode(&plan); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("worker: reading a plan: %w", err)
		}
		counted, err := count(ctx, plan)
		if err != nil {
			return fmt.Errorf("worker: %s: %w", args[0], err)
		}
		if err := answers.Encode(counted); err != nil {
			return fmt.Errorf("worker: answering: %w", err)
		}
	}
}

// remote is the other side of a worker.
type remote struct {
	*process
	plans   *json.Encoder
	answers *bufio.Reader
}

// startWorker starts this program again as a worker, and waits for its greeting.
func startWorker(ctx context.Context, name, kubeconfig string) (*remote, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("worker %s: %w", name, err)
	}
	cmd := command(ctx, os.Stderr, self, "worker", name, kubeconfig)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("worker %s: %w", name, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("worker %s: %w", name, err)
	}
	child, err := start(cmd)
	if err != nil {
		return nil, err
	}
	child.stdin = stdin
	answers := bufio.NewReader(stdout)
	if line, err := answers.ReadString('\n'); err != nil || line != greeting+"\n" {
		child.stop()
		return nil, fmt.Errorf("worker %s did not start: %w", name, errors.Join(err, ctx.Err()))
	}
	return &remote{process: child, plans: json.NewEncoder(stdin), answers: answers}, nil
}

// count implements counter.
func (r *remote) count(_ context.Context, plan []page) (tally, error) {
	began := time.Now()
	if err := r.plans.Encode(plan); err != nil {
		return tally{}, fmt.Errorf("asking a worker: %w", err)
	}
	line, err := r.answers.ReadBytes('\n')
	wall := time.Since(began)
	if err != nil {
		return tally{}, fmt.Errorf("a worker's answer: %w", err)
	}
	counted := tally{}
	if err := json.Unmarshal(line, &counted); err != nil {
		return tally{}, fmt.Errorf("a worker's answer: %w", err)
	}
	counted.Wall = wall
	return counted, nil
}
