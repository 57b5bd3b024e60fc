// Command mutate changes the mixin's generated rules in many small ways, one at a
// time, and runs their promtool tests: each change must turn one red. Changes
// that no test notices are listed, and must be in the file of survivors, each
// with a reason.
//
//	mutate -promtool PROMTOOL -generated DIR -survivors FILE TEST...
//
// The tests name their rules ../generated/*.yaml.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
)

func main() {
	promtool := flag.String("promtool", "", "promtool's path")
	generated := flag.String("generated", "", "folder of alerts.yaml and rules.yaml")
	known := flag.String("survivors", "", "file of changes that no test need notice, each after its reason")
	only := flag.String("only", "", "regular expression: of these rules only")
	flag.Parse()
	if err := run(context.Background(), *promtool, *generated, *known, *only, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, promtool, generated, known, only string, tests []string) error {
	excused, err := readSurvivors(known)
	if err != nil {
		return err
	}
	filter, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	var mutants []mutant
	for _, name := range []string{"alerts.yaml", "rules.yaml"} {
		found, err := mutantsOf(generated, name)
		if err != nil {
			return err
		}
		for _, m := range found {
			if filter.MatchString(m.String()) {
				mutants = append(mutants, m)
			}
		}
	}
	r := runner{promtool: promtool, generated: generated, tests: tests}
	switch first, err := r.red(ctx, mutant{}); {
	case err != nil:
		return err
	case first != "":
		return fmt.Errorf("%s is red without any change", first)
	}
	survived, err := r.all(ctx, mutants)
	if err != nil {
		return err
	}
	return report(mutants, survived, excused, only == "")
}

// all runs the mutants on all cores and returns those that survived.
func (r runner) all(ctx context.Context, mutants []mutant) ([]mutant, error) {
	var (
		mu       sync.Mutex
		survived []mutant
		failed   error
		workers  sync.WaitGroup
	)
	work := make(chan mutant)
	for range runtime.NumCPU() {
		workers.Go(func() {
			for m := range work {
				red, err := r.red(ctx, m)
				mu.Lock()
				switch {
				case err != nil:
					failed = fmt.Errorf("%s: %w", m, err)
				case red == "":
					survived = append(survived, m)
					fmt.Printf("survived  %s\n", m)
				default:
					fmt.Printf("noticed   %s (%s)\n", m, red)
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range mutants {
		work <- m
	}
	close(work)
	workers.Wait()
	return survived, failed
}

func report(mutants, survived []mutant, excused map[string]string, complete bool) error {
	var bad []string
	for _, m := range survived {
		reason, ok := excused[m.String()]
		if !ok {
			bad = append(bad, "no test notices: "+m.String())
			continue
		}
		fmt.Printf("excused   %s: %s\n", m, reason)
		delete(excused, m.String())
	}
	for name := range excused {
		if complete {
			bad = append(bad, "in the file of survivors, and noticed or gone: "+name)
		}
	}
	fmt.Printf("%d changes, %d survived\n", len(mutants), len(survived))
	if len(bad) > 0 {
		return fmt.Errorf("%d findings:\n%s", len(bad), strings.Join(bad, "\n"))
	}
	return nil
}

// readSurvivors reads lines of names; the comment above each, or above the lines
// before it, is its reason.
func readSurvivors(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the survivors: %w", err)
	}
	excused := map[string]string{}
	var reason []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch comment, isComment := strings.CutPrefix(line, "#"); {
		case isComment:
			reason = append(reason, strings.TrimSpace(comment))
		case line == "":
			reason = nil
		case len(reason) == 0:
			return nil, fmt.Errorf("%s: no reason for %s", file, line)
		default:
			excused[line] = strings.Join(reason, " ")
		}
	}
	return excused, nil
}
