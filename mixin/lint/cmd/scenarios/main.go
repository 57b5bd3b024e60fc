// Command scenarios writes the promtool test of the mixin's scenarios for one
// scrape interval and one cache TTL.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/mixin/lint"
	"github.com/kube-node-manager/pod_count_exporter/mixin/lint/scenario"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "scenarios:", err)
		os.Exit(1)
	}
}

func run() error {
	scrape := flag.Duration("scrape", time.Minute, "scrape interval")
	ttl := flag.Duration("ttl", 5*time.Minute, "the exporter's cache TTL")
	rules := flag.String("rules", "", "folder of alerts.yaml and rules.yaml")
	own := flag.Bool("own", true, "the rules were rendered for this scrape interval and cache TTL")
	out := flag.String("out", "", "file to write")
	flag.Parse()
	files := []string{filepath.Join(*rules, "rules.yaml"), filepath.Join(*rules, "alerts.yaml")}
	severities, err := lint.Severities(files[1])
	if err != nil {
		return err
	}
	file, err := os.Create(*out)
	if err != nil {
		return fmt.Errorf("creating the test: %w", err)
	}
	buffer := bufio.NewWriter(file)
	if err := scenario.Write(buffer, files, *scrape, *ttl, *own, severities); err != nil {
		return fmt.Errorf("writing %s: %w", *out, err)
	}
	if err := buffer.Flush(); err != nil {
		return fmt.Errorf("writing %s: %w", *out, err)
	}
	return file.Close()
}
