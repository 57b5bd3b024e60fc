package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kube-node-manager/pod_count_exporter/collector/kubesim"
)

// options is what the command line says.
type options struct {
	cluster    kubesim.Config
	listen     string
	kubeconfig string
	tls        bool
	churn      time.Duration
}

// errHelp is returned after --help was answered.
var errHelp = errors.New("help was asked for")

// parseFlags reads the command line; help goes to out.
func parseFlags(args []string, out io.Writer) (options, error) {
	opts := options{cluster: kubesim.DefaultConfig()}
	c := &opts.cluster
	var latency time.Duration
	helped := false
	app := kingpin.New("kubesim", "Serves a simulated Kubernetes API with the pods and nodes of a deterministic cluster.").
		UsageWriter(out).ErrorWriter(io.Discard).Terminate(func(int) { helped = true })
	app.HelpFlag.Short('h')
	app.Flag("listen-address", "Address to listen on; port 0 takes a free one.").Default("127.0.0.1:0").StringVar(&opts.listen)
	app.Flag("kubeconfig-out", "File to write a kubeconfig for this API to.").StringVar(&opts.kubeconfig)
	app.Flag("cluster-name", "Name of the cluster and of the kubeconfig's context.").Default(c.Cluster).StringVar(&c.Cluster)
	app.Flag("nodes", "Number of nodes.").Default(fmt.Sprint(c.Nodes)).IntVar(&c.Nodes)
	app.Flag("pods", "Number of active pods, bound to these nodes.").Default(fmt.Sprint(c.Pods)).IntVar(&c.Pods)
	app.Flag("finished-pods", "Number of pods that have succeeded or failed.").Default(fmt.Sprint(c.Finished)).IntVar(&c.Finished)
	app.Flag("unscheduled-pods", "Number of pods without a node.").Default(fmt.Sprint(c.Unscheduled)).IntVar(&c.Unscheduled)
	app.Flag("unknown-node-pods", "Number of active pods on nodes that are gone.").Default("0").IntVar(&c.UnknownNode)
	app.Flag("empty-nodes", "Number of nodes without pods.").Default("0").IntVar(&c.EmptyNodes)
	app.Flag("images-per-node", "Number of images in a node's status.").Default(fmt.Sprint(c.ImagesPerNode)).IntVar(&c.ImagesPerNode)
	app.Flag("seed", "Seed of names, phases and placement.").Default(fmt.Sprint(c.Seed)).Uint64Var(&c.Seed)
	app.Flag("token", "Bearer token that requests must carry; none by default.").StringVar(&c.Token)
	app.Flag("token-life", "Age at which continue tokens expire; 0 for never.").Default("0s").DurationVar(&c.TokenLife)
	app.Flag("latency", "Time that every page takes before its first byte.").Default("0s").DurationVar(&latency)
	app.Flag("churn", "Interval between changes to the cluster; 0 for none.").Default("0s").DurationVar(&opts.churn)
	app.Flag("tls", "Serve HTTPS with a self-signed certificate.").BoolVar(&opts.tls)
	app.Flag("ignore-accept", "Always answer plain JSON, as an old server or a proxy might.").BoolVar(&c.IgnoreAccept)
	_, err := app.Parse(args)
	switch {
	case helped:
		return opts, errHelp
	case err != nil:
		return opts, fmt.Errorf("parse flags: %w", err)
	case latency < 0 || opts.churn < 0:
		return opts, errors.New("--latency and --churn must not be negative")
	case c.Token != "" && !opts.tls:
		return opts, errors.New("--token needs --tls: client-go sends no credentials over plain HTTP")
	}
	if latency > 0 {
		c.Latency = func(int, int) time.Duration { return latency }
	}
	return opts, nil
}

// listen opens the listener and returns its URL and the CA of its certificate.
func listen(ctx context.Context, opts options) (net.Listener, string, []byte, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", opts.listen)
	if err != nil {
		return nil, "", nil, fmt.Errorf("--listen-address %s: %w", opts.listen, err)
	}
	if !opts.tls {
		return listener, "http://" + listener.Addr().String(), nil, nil
	}
	cert, caPEM, err := kubesim.Certificate()
	if err != nil {
		_ = listener.Close() // the certificate's error is the one to tell
		return nil, "", nil, fmt.Errorf("--tls: %w", err)
	}
	secure := tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	return secure, "https://" + listener.Addr().String(), caPEM, nil
}

// oneLine folds joined errors into one line.
func oneLine(err error) string {
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
