package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// options are the values of all flags.
type options struct {
	clusters   cluster.Options
	pages      podcount.Config
	kubeconfig string
	summary    bool
	showFree   bool
	output     string
	sortBy     string
	minPercent int
	watch      bool
}

// The values of --output.
const (
	asTable = "table"
	asWide  = "wide"
	asJSON  = "json"
	asYAML  = "yaml"
	asProm  = "prom"
)

func outputs() []string { return []string{asTable, asWide, asJSON, asYAML, asProm} }

// The values of --sort-by.
const (
	byActive  = "active"
	byPercent = "percent"
	byFree    = "free"
	byName    = "name"
)

func orders() []string { return []string{byActive, byPercent, byFree, byName} }

const about = `Shows how many active pods each node holds, and how full it is. Pods are counted page by page, so that no request grows with the cluster.

An active pod is bound to a node, and neither Succeeded nor Failed: "Non-terminated Pods" of kubectl describe node.

Examples:

    kubectl pod-count                                   the current context, the fullest nodes first
    kubectl pod-count worker-1 worker-2                 two nodes
    kubectl pod-count -l node-role.kubernetes.io/worker by labels of the nodes
    kubectl pod-count --all-contexts --min-percent 80   the nodes of all clusters that are 80% full or more
    kubectl pod-count --summary                         totals, and how many nodes are how full
    kubectl pod-count --watch                           the fullest nodes, live
    kubectl pod-count -o json | jq .`

// parseFlags reads the command line. done means that --help or --version has
// printed to stdout what was asked for, and nothing is left to do.
func parseFlags(args []string, stdout io.Writer) (o *options, done bool, err error) {
	o = &options{pages: podcount.DefaultConfig(), output: asTable}
	app := o.app()
	app.UsageWriter(stdout).ErrorWriter(io.Discard).Terminate(func(int) { done = true })
	_, err = app.Parse(shorten(args))
	if o.kubeconfig != "" {
		o.clusters.Kubeconfigs = []string{o.kubeconfig}
	}
	return o, done, err
}

// app defines the command line. The flags that kubectl has too mean what they
// mean there.
func (o *options) app() *kingpin.Application {
	app := kingpin.New(command, about)
	app.Version(version.Print(program)) // which makes the flag
	app.HelpFlag.Short('h').Help("Show this help.")
	app.VersionFlag.Help("Show the version.")
	app.Arg("node", "Nodes to show; all without.").StringsVar(&o.pages.Nodes.Names)
	app.Flag("context", "Context to count instead of the current one. Repeatable.").PlaceHolder("CONTEXT").StringsVar(&o.clusters.Contexts)
	app.Flag("all-contexts", "Count every context of the kubeconfig.").BoolVar(&o.clusters.AllContexts)
	app.Flag("kubeconfig", "Kubeconfig file; KUBECONFIG, else ~/.kube/config, without.").PlaceHolder("FILE").StringVar(&o.kubeconfig)
	app.Flag("namespace", "Count the pods of this namespace only; how full the nodes are is not known then. Repeatable.").Short('n').PlaceHolder("NAMESPACE").StringsVar(&o.pages.Namespaces)
	app.Flag("selector", "Label selector of the nodes to show, as in -l zone=a,disk!=ssd.").Short('l').PlaceHolder("SELECTOR").StringVar(&o.pages.Nodes.Labels)
	app.Flag("summary", "Totals, and how many nodes are how full, in place of the nodes.").BoolVar(&o.summary)
	app.Flag("show-free", "Show how many more pods each node can take.").BoolVar(&o.showFree)
	checked(app, "output", "Format: "+list(outputs())+".", &o.output, oneOf(outputs())).Short('o').Default(asTable)
	checked(app, "sort-by", "Order of the nodes: "+list(orders())+". By percent without, or active where that is not known.", &o.sortBy, oneOf(orders())).PlaceHolder("ORDER")
	checked(app, "min-percent", "Show only nodes that are that full, or more.", &o.minPercent, percentage).PlaceHolder("PERCENT")
	app.Flag("watch", "Go on, and show every change: in place on a terminal, as a line for each node that changes elsewhere.").Short('w').BoolVar(&o.watch)
	checked(app, "page-size", "Pods to ask for in the first page. Pages may grow from there.", &o.pages.PageSize, strconv.Atoi).Default(strconv.Itoa(o.pages.PageSize))
	checked(app, "page-timeout", "Deadline of one page. A count of many pages has none.", &o.pages.PageTimeout, time.ParseDuration).Default(o.pages.PageTimeout.String())
	return app
}

// shorten makes -o=json what it is to kubectl: -ojson. kingpin takes the sign for
// part of the value.
func shorten(args []string) []string {
	short := slices.Clone(args)
	signed := regexp.MustCompile(`^-[nlo]=`)
	for i, arg := range short {
		if arg == "--" {
			break
		}
		if signed.MatchString(arg) {
			short[i] = arg[:2] + arg[3:]
		}
	}
	return short
}

// value is a flag whose errors name it.
type value[T any] struct {
	name   string
	target *T
	parse  func(string) (T, error)
}

func checked[T any](app *kingpin.Application, name, help string, target *T, parse func(string) (T, error)) *kingpin.FlagClause {
	clause := app.Flag(name, help)
	clause.SetValue(&value[T]{name, target, parse})
	return clause
}

// String is the current value, for kingpin's help.
func (v *value[T]) String() string { return fmt.Sprint(*v.target) }

// Set parses text, or fails with flag, text and reason.
func (v *value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if number := (*strconv.NumError)(nil); errors.As(err, &number) {
		err = fmt.Errorf("not a whole number: %w", number.Err)
	}
	if err != nil {
		return fmt.Errorf("--%s=%q: %w", v.name, text, err)
	}
	*v.target = parsed
	return nil
}

func oneOf(allowed []string) func(string) (string, error) {
	return func(text string) (string, error) {
		if !slices.Contains(allowed, text) {
			return "", fmt.Errorf("must be %s", list(allowed))
		}
		return text, nil
	}
}

func percentage(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(text, "%"))
	if err == nil && n < 0 {
		return 0, errors.New("must not be negative")
	}
	return n, err
}

// list is "a, b or c".
func list(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
