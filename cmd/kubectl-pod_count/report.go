package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// report tells on standard error what failed and what to try, and what the numbers
// lack. It returns the exit code.
func (f *fleet) report() int {
	code := exitOK
	for _, err := range f.problems {
		f.tellProblem(err)
		code = exitFailed
	}
	for _, r := range f.results {
		if r.err != nil {
			f.tellFailure(r)
			code = exitFailed
		}
	}
	for _, err := range f.opts.missing(f.results) {
		f.tellProblem(err)
		code = exitFailed
	}
	for _, r := range f.results {
		for _, note := range f.opts.notes(r) {
			f.tell("note: %s: %s", r.name, note)
		}
	}
	if slices.ContainsFunc(f.results, func(r *result) bool { return r.reason() == reasonInterrupted }) {
		return exitInterrupted
	}
	return code
}

func (f *fleet) tell(format string, args ...any) {
	fmt.Fprintln(f.around.stderr, printable(fmt.Sprintf(format, args...)))
}

// tellProblem tells what is wrong with no cluster, but with what was asked for.
func (f *fleet) tellProblem(err error) {
	f.tell("error: %s", inOwnFlags(err.Error()))
	if missing := (*missingError)(nil); errors.As(err, &missing) {
		f.tell("  try: %s", missing.advice)
	}
}

func (f *fleet) tellFailure(r *result) {
	text := inOwnFlags(r.err.Error())
	if early := (*interruptedError)(nil); errors.As(r.err, &early) && early.reached.Resource == podcount.Pods && f.last.pods(r.key) > 0 {
		text += fmt.Sprintf(" of about %s", grouped(f.last.pods(r.key)))
	}
	f.tell("error: %s: %s", r.name, text)
	if line := f.said.by(r.name); line != "" {
		f.tell("  the credential plugin said: %s", line)
	}
	if advice := f.opts.advice(r); advice != "" {
		f.tell("  try: %s", advice)
	}
}

// redirects says whether the server answered with a redirect. None is followed: it
// would carry the credentials elsewhere.
func redirects(err error) bool {
	page := (*podcount.PageError)(nil)
	return errors.As(err, &page) && strings.HasPrefix(page.Err.Error(), "status 3")
}

// advice is what to try after a failure.
func (o *options) advice(r *result) string {
	if page := (*podcount.PageError)(nil); errors.As(r.err, &page) && page.Resource == podcount.Namespaces {
		return "kubectl get namespaces with the same --context"
	}
	switch r.reason() {
	case string(podcount.Timeout):
		return fmt.Sprintf("a longer --page-timeout than %s, or a smaller --page-size than %d", o.pages.PageTimeout, o.pages.PageSize)
	case string(podcount.Throttled):
		return "again in a minute; the API server is busy"
	case string(podcount.Expired):
		return "a larger --page-size, so that the count ends before the server forgets where it began"
	case string(podcount.Unauthorized):
		return "kubectl auth whoami with the same --context; if that fails too, log in again"
	case string(podcount.Forbidden):
		if len(o.pages.Namespaces) > 0 {
			return "a namespace in which you may list pods: kubectl auth can-i list pods -n NAMESPACE"
		}
		return "-n NAMESPACE, if you may list the pods of one; else ask for the right to list pods and nodes of the whole cluster"
	case string(podcount.Server):
		if redirects(r.err) {
			return `the address of the API server itself as "server" in the kubeconfig; what answers there redirects`
		}
		return "again in a minute, and kubectl get --raw=/readyz with the same --context"
	case string(podcount.Network):
		return "kubectl version with the same --context; if that fails too, look at VPN, proxy and the kubeconfig's server"
	case string(podcount.Malformed):
		return "kubectl get --raw='/api/v1/pods?limit=1' with the same --context, to see who answers in the API server's place"
	case reasonConfig:
		return "kubectl config view, to see what the kubeconfig has"
	}
	return ""
}

// notes tell what a count lacks.
func (o *options) notes(r *result) (notes []string) {
	s := r.snapshot
	if s == nil {
		return nil
	}
	if len(s.Nodes) == 0 && len(o.pages.Nodes.Names) == 0 {
		notes = append(notes, "there is no node"+o.chosenBy())
	}
	silent := 0
	for _, node := range s.Nodes {
		if !node.HasAllocatable {
			silent++
		}
	}
	switch {
	case s.NodesForbidden:
		notes = append(notes, "you may not list nodes: those without active pods are missing, and how many pods a node can take is not known")
	case silent > 0 && len(o.pages.Namespaces) == 0:
		notes = append(notes, fmt.Sprintf("%d of %d nodes do not say how many pods they can take; ALLOCATABLE, FREE and USED are of the others", silent, len(s.Nodes)))
	}
	if o.minPercent > 0 && silent > 0 {
		notes = append(notes, fmt.Sprintf("--min-percent leaves out %s of which it is not known how full they are", plural(silent, "node")))
	}
	if !s.Consistent {
		notes = append(notes, "the pages do not show one moment: pods that came or went meanwhile may be missing, or counted though they are gone")
	}
	return notes
}

// chosenBy says which nodes were asked for.
func (o *options) chosenBy() string {
	if o.pages.Nodes.Labels == "" {
		return ""
	}
	return " with -l " + o.pages.Nodes.Labels
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// grouped writes a number with a comma after each three digits.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0 && n > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return strings.Clone(text)
}
