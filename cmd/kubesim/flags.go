package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// options is what the command line says.
type options struct {
	cluster    kubesim.Config
	listen     string
	advertise  string // URL in the kubeconfig; empty for the listener's own
	kubeconfig string
	tls        bool
	churn      time.Duration
	latency    time.Duration
	slow       slowness
}

// slowness is a time in which pages take longer.
type slowness struct{ latency, after, length time.Duration }

// errHelp is returned after --help was answered.
var errHelp = errors.New("help was asked for")

// parseFlags reads the command line; help goes to out.
func parseFlags(args []string, out io.Writer) (options, error) {
	opts := options{cluster: kubesim.DefaultConfig()}
	c := &opts.cluster
	helped := false
	app := kingpin.New("kubesim", "Serves a simulated Kubernetes API with the pods and nodes of a deterministic cluster.").
		UsageWriter(out).ErrorWriter(io.Discard).Terminate(func(int) { helped = true })
	app.HelpFlag.Short('h')
	app.Flag("listen-address", "Address to listen on; port 0 takes a free one.").Default("127.0.0.1:0").StringVar(&opts.listen)
	app.Flag("advertise-url", "URL by which clients reach this API, for the kubeconfig and the certificate; that of the listener by default.").PlaceHolder("URL").StringVar(&opts.advertise)
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
	app.Flag("latency", "Time that every page takes before its first byte.").Default("0s").DurationVar(&opts.latency)
	app.Flag("slow-latency", "Time that every page takes while the API is slow; 0 for never.").Default("0s").DurationVar(&opts.slow.latency)
	app.Flag("slow-after", "Time after the start at which the API becomes slow.").Default("0s").DurationVar(&opts.slow.after)
	app.Flag("slow-for", "Time for which the API stays slow; 0 for good.").Default("0s").DurationVar(&opts.slow.length)
	app.Flag("churn", "Interval between changes to the cluster; 0 for none.").Default("0s").DurationVar(&opts.churn)
	app.Flag("tls", "Serve HTTPS with a self-signed certificate.").BoolVar(&opts.tls)
	app.Flag("ignore-accept", "Always answer plain JSON, as an old server or a proxy might.").BoolVar(&c.IgnoreAccept)
	_, err := app.Parse(args)
	switch {
	case helped:
		return opts, errHelp
	case err != nil:
		return opts, fmt.Errorf("parse flags: %w", err)
	}
	if err := opts.check(); err != nil {
		return opts, err
	}
	c.Latency = opts.pageLatency(time.Now())
	return opts, nil
}

// check finds flags that cannot be, or not together.
func (o options) check() error {
	for name, d := range map[string]time.Duration{
		"latency": o.latency, "churn": o.churn,
		"slow-latency": o.slow.latency, "slow-after": o.slow.after, "slow-for": o.slow.length,
	} {
		if d < 0 {
			return fmt.Errorf("--%s must not be negative, is %s", name, d)
		}
	}
	if o.cluster.Token != "" && !o.tls {
		return errors.New("--token needs --tls: client-go sends no credentials over plain HTTP")
	}
	if o.advertise == "" {
		return nil
	}
	scheme := "http"
	if o.tls {
		scheme = "https"
	}
	if u, err := url.Parse(o.advertise); err != nil || u.Scheme != scheme || u.Hostname() == "" {
		return fmt.Errorf("--advertise-url=%q: must be like %s://HOST:PORT", o.advertise, scheme)
	}
	return nil
}

// pageLatency is the time that a page takes, for a server that starts at began.
func (o options) pageLatency(began time.Time) func(rows, remaining int) time.Duration {
	if o.latency == 0 && o.slow.latency == 0 {
		return nil
	}
	return func(int, int) time.Duration {
		since := time.Since(began) - o.slow.after
		if o.slow.latency > 0 && since >= 0 && (o.slow.length == 0 || since < o.slow.length) {
			return o.slow.latency
		}
		return o.latency
	}
}

// listen opens the listener and returns its URL and the CA of its certificate.
func listen(ctx context.Context, opts options) (net.Listener, string, []byte, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", opts.listen)
	if err != nil {
		return nil, "", nil, fmt.Errorf("--listen-address %s: %w", opts.listen, err)
	}
	address := opts.advertise
	if !opts.tls {
		return listener, cmp.Or(address, "http://"+listener.Addr().String()), nil, nil
	}
	cert, caPEM, err := kubesim.Certificate(hostsOf(address)...)
	if err != nil {
		_ = listener.Close() // the certificate's error is the one to tell
		return nil, "", nil, fmt.Errorf("--tls: %w", err)
	}
	secure := tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	return secure, cmp.Or(address, "https://"+listener.Addr().String()), caPEM, nil
}

// hostsOf is the host of a URL, if there is one.
func hostsOf(address string) []string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	return []string{u.Hostname()}
}

// oneLine folds joined errors into one line.
func oneLine(err error) string {
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
