// Command history writes some hours of a Prometheus with the mixin's rules into a
// folder, which a Prometheus can then open as its storage.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/kube-node-manager/pod_count_exporter/mixin/lint"
	"github.com/kube-node-manager/pod_count_exporter/mixin/lint/history"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "history:", err)
		os.Exit(1)
	}
}

func run() error {
	generated := flag.String("generated", "", "folder of alerts.yaml and rules.yaml")
	out := flag.String("out", "", "folder for the database")
	end := flag.Int64("end", 0, "Unix time of the end")
	length := flag.Duration("length", 7*time.Hour, "length of the history")
	flag.Parse()
	var rules []*rulefmt.RuleGroups
	for _, name := range []string{"rules.yaml", "alerts.yaml"} {
		groups, err := lint.Rules(filepath.Join(*generated, name))
		if err != nil {
			return err
		}
		rules = append(rules, groups)
	}
	h, err := history.New(*out, time.Unix(*end, 0), *length, time.Minute, 5*time.Minute, rules...)
	if err != nil {
		return err
	}
	return h.Close()
}
