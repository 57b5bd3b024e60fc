package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/kube-node-manager/pod_count_exporter/collector"
	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/internal/flagvalue"
)

const defaultAddress = ":10120"

// flags are the values of all flags.
type flags struct {
	web           *web.FlagConfig
	telemetryPath string
	pprof         bool

	clusters cluster.Options
	cache    collector.Options
	pages    podcount.Config
	mode     string
	watch    podcount.WatchConfig
	shard    string
	share    cluster.Shard // what shard says; validate sets it

	logLevel  string
	logFormat string

	unknownVariables []string          // names
	variables        map[string]string // of the flags that got their value from one
}

func defaultFlags() *flags {
	return &flags{
		telemetryPath: "/metrics",
		cache:         collector.DefaultOptions(),
		pages:         podcount.DefaultConfig(),
		mode:          string(podcount.ModeList),
		watch:         podcount.DefaultWatchConfig(),
		logLevel:      "info",
		logFormat:     "logfmt",
	}
}

// parseFlags reads the command line. done means that --help or --version has printed
// to stdout, and there is nothing left to do.
func parseFlags(args []string, stdout io.Writer) (f *flags, done bool, err error) {
	app := kingpin.New(program, "Counts the active pods of each node of Kubernetes clusters, page by page, for Prometheus.")
	app.UsageWriter(stdout).ErrorWriter(io.Discard).Terminate(func(int) { done = true })
	app.Version(version.Print(program))
	app.HelpFlag.Short('h')
	f = define(app)
	var read *kingpin.ParseContext // reading twice would take an @FILE that is a pipe twice
	app.PreAction(func(context *kingpin.ParseContext) error {
		read = context
		return nil
	})
	_, err = app.Parse(args)
	f.unknownVariables = unknownVariables(app, os.Environ())
	f.variables = usedVariables(app, read)
	f.clusters.Kubeconfigs = f.kubeconfigs()
	return f, done, pointingToHelp(expecting(namingVariable(app, err)))
}

// define adds all flags to app, with their variables, and returns their values.
func define(app *kingpin.Application) *flags {
	fromEnvironment(app)
	f := defaultFlags()
	f.addWeb(app)
	f.addClusters(app)
	f.addCollector(app)
	f.addWatch(app)
	f.addLog(app)
	return f
}

// expecting explains an argument that was not expected: there are none, so it must
// belong to a flag that already has its value, or to a switch.
func expecting(err error) error {
	if err == nil {
		return nil
	}
	if extra, unexpected := strings.CutPrefix(err.Error(), "unexpected "); unexpected {
		return fmt.Errorf("unexpected %q: expected a flag; each value needs its own, as in --kubeconfig=FILE --kubeconfig=FILE, and switches have none", extra)
	}
	return err
}

// pointingToHelp says where the flags are listed, after an error that names no value of
// one: those say what was expected.
func pointingToHelp(err error) error {
	if err == nil || strings.HasPrefix(err.Error(), "--") || strings.HasPrefix(err.Error(), variable("")) {
		return err
	}
	return fmt.Errorf("%w; see %s --help", err, program)
}

func (f *flags) addWeb(app *kingpin.Application) {
	f.web = kingpinflag.AddFlags(app, defaultAddress)
	app.GetFlag("web.config.file").PlaceHolder("FILE")
	add(app, &f.telemetryPath, "web.telemetry-path", "Path under which to expose metrics.", text)
	add(app, &f.cache.TimeoutOffset, "web.timeout-offset", "Time to take off Prometheus's scrape timeout, so that the answer arrives before it.", flagvalue.Duration)
	add(app, &f.cache.MaxRequests, "web.max-requests", "Answers with metrics, JSON or status pages that are encoded and sent at once; 0 is no limit.", strconv.Atoi)
	app.Flag("web.enable-pprof", "Serve Go's profiles under /debug/pprof/.").BoolVar(&f.pprof)
}

func (f *flags) addClusters(app *kingpin.Application) {
	app.Flag("kubeconfig", "Kubeconfig file, or directory of such files. Repeatable. Without it: KUBECONFIG, else the pod's service account, else ~/.kube/config.").PlaceHolder("PATH").StringsVar(&f.clusters.Kubeconfigs)
	app.Flag("kubernetes.context", "Context to count instead of the current one. Repeatable.").PlaceHolder("NAME").StringsVar(&f.clusters.Contexts)
	app.Flag("kubernetes.all-contexts", "Count every context of the kubeconfigs.").BoolVar(&f.clusters.AllContexts)
	add(app, &f.shard, "shard", "Share the clusters with other replicas: INDEX/COUNT, from 0/COUNT, or auto/COUNT with the ordinal at the end of POD_NAME.", text).PlaceHolder("INDEX/COUNT")
	add(app, &f.clusters.Name, "kubernetes.cluster-name", "Value of the label \"cluster\" when there is one cluster.", notEmpty).PlaceHolder("NAME")
	f.clusters.NameFrom = cluster.NameSources()[0]
	add(app, &f.clusters.NameFrom, "kubernetes.cluster-name-from", "What clusters are named after: context, cluster (the kubeconfig's entry), file (without .yaml and the like) or file/context.", oneOf(cluster.NameSources()...))
}

func (f *flags) addCollector(app *kingpin.Application) {
	add(app, &f.mode, "collector.mode", "How to count: list, page by page whenever a count is due, or watch, page by page once and by the events of watches from then on.", oneOf(string(podcount.ModeList), string(podcount.ModeWatch)))
	add(app, &f.cache.CacheTTL, "collector.cache-ttl", "Age up to which a count is served without counting anew.", flagvalue.Duration)
	add(app, &f.cache.MaxStaleness, "collector.max-staleness", "Age beyond which a cluster's last count is no longer served.", flagvalue.Duration)
	add(app, &f.cache.Concurrency, "collector.concurrency", "Answers of API servers that are read at once, three at least; more where they are slow to come.", strconv.Atoi)
	app.Flag("collector.namespace", "Namespace to count; only those given, or all without. Repeatable.").PlaceHolder("NAME").StringsVar(&f.pages.Namespaces)
	add(app, &f.pages.PageSize, "collector.page-size", "Pods to ask for in the first page.", strconv.Atoi)
	add(app, &f.pages.MaxPageSize, "collector.max-page-size", "Pods per page that pages may grow to; equal to --collector.page-size fixes the size.", strconv.Atoi)
	add(app, &f.pages.PageTimeout, "collector.page-timeout", "Deadline of one page. A count of many pages has none.", flagvalue.Duration)
	add(app, &f.pages.PageAttempts, "collector.page-attempts", "Requests for one page before the count is suspended. The first scrape after a pause goes on with it.", strconv.Atoi)
}

func (f *flags) addWatch(app *kingpin.Application) {
	add(app, &f.watch.AuditInterval, "watch.audit-interval", "With --collector.mode=watch: time between paged counts that check what the events say; 0 is none.", flagvalue.Duration)
}

func (f *flags) addLog(app *kingpin.Application) {
	add(app, &f.logLevel, "log.level", "Least level to log: debug, info, warn (or warning) or error.", logLevel)
	add(app, &f.logFormat, "log.format", "Format of the log: logfmt or json.", oneOf("logfmt", "json"))
}

func text(s string) (string, error) { return s, nil }

func notEmpty(s string) (string, error) {
	if s == "" {
		return "", errors.New("must not be empty")
	}
	return s, nil
}

// logLevel also accepts the whole word warning for warn.
func logLevel(s string) (string, error) {
	if s == "warning" {
		s = "warn"
	}
	return oneOf("debug", "info", "warn", "error")(s)
}

func oneOf(allowed ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		if !slices.Contains(allowed, s) {
			return "", &choiceError{allowed: allowed}
		}
		return s, nil
	}
}
