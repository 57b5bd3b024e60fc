package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/internal/flagvalue"
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
	app.UsageTemplate(strings.ReplaceAll(kingpin.DefaultUsageTemplate, "FlagsToTwoColumns|", "FlagsToTwoColumns|PlainSwitches|"))
	app.UsageFuncs(template.FuncMap{"PlainSwitches": plainSwitches})
	app.UsageWriter(stdout).ErrorWriter(io.Discard).Terminate(func(int) { done = true })
	plain, wrong := words(args, app.Model().Flags)
	if _, err = app.Parse(plain); err == nil && !done {
		err = wrong
	}
	if o.kubeconfig != "" {
		o.clusters.Kubeconfigs = []string{o.kubeconfig}
	}
	return o, done, err
}

// app defines the command line. The flags that kubectl has too mean what they
// mean there.
func (o *options) app() *kingpin.Application {
	app := kingpin.New(command, about)
	app.Version(version.Print(command)) // which makes the flag
	app.HelpFlag.Short('h').Help("Show this help.")
	app.VersionFlag.Help("Show the version.")
	app.Arg("node", "Nodes to show (default: all).").StringsVar(&o.pages.Nodes.Names)
	app.Flag("context", "Context to count instead of the current one. Repeatable.").PlaceHolder("CONTEXT").StringsVar(&o.clusters.Contexts)
	onOff(app, "all-contexts", "Count every context of the kubeconfig.", &o.clusters.AllContexts)
	app.Flag("kubeconfig", "Kubeconfig file (default: $KUBECONFIG, else ~/.kube/config).").PlaceHolder("FILE").StringVar(&o.kubeconfig)
	app.Flag("namespace", "Count the pods of this namespace only (default: all namespaces). How full the nodes are is unknown then. Repeatable.").Short('n').PlaceHolder("NAMESPACE").StringsVar(&o.pages.Namespaces)
	app.Flag("selector", "Label selector of the nodes to show, as in -l zone=a,disk!=ssd.").Short('l').PlaceHolder("SELECTOR").StringVar(&o.pages.Nodes.Labels)
	onOff(app, "summary", "Show totals, and how many nodes are how full, instead of the nodes.", &o.summary)
	onOff(app, "show-free", "Show how many more pods each node can take.", &o.showFree)
	checked(app, "output", "Output format: "+list(outputs())+".", &o.output, oneOf(outputs())).Short('o').Default(asTable)
	checked(app, "sort-by", "Order of the nodes: "+list(orders())+". Default: percent, or active where that is unknown.", &o.sortBy, oneOf(orders())).PlaceHolder("ORDER")
	checked(app, "min-percent", "Show only nodes that are this full, or more.", &o.minPercent, percentage).PlaceHolder("PERCENT")
	onOff(app, "watch", "Keep running, and show every change: in place on a terminal, elsewhere as a line for each node that changes.", &o.watch).Short('w')
	checked(app, "page-size", "Pods to ask for in the first page. Pages may grow from there.", &o.pages.PageSize, strconv.Atoi).Default(strconv.Itoa(o.pages.PageSize))
	checked(app, "page-timeout", "Deadline of one page. A count of many pages has none.", &o.pages.PageTimeout, flagvalue.Duration).Default(o.pages.PageTimeout.String())
	return app
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
