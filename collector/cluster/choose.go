package cluster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd/api"
)

// unfit returns why no context can be chosen from a config, or nil.
func (o Options) unfit(config *api.Config) error {
	switch {
	case len(config.Contexts) == 0:
		return errNoContexts
	case config.CurrentContext == "" && !o.AllContexts && len(o.Contexts) == 0:
		return errors.New("no current-context is set; choose with --kubernetes.context or --kubernetes.all-contexts")
	}
	return nil
}

// choice is a context that the options ask for.
type choice struct {
	kubeconfig
	name string
	// absent says that no kubeconfig has the context. It is nil if one does, or ought
	// to.
	absent error
}

// choose returns the contexts that the options ask for. The files of KUBECONFIG have
// been merged before: one of them alone may have no contexts.
func (l *Loader) choose(r *reading) (chosen []choice) {
	if len(l.opts.Contexts) > 0 {
		return l.chooseNamed(r)
	}
	for _, k := range r.configs {
		names := []string{k.config.CurrentContext}
		if l.opts.AllContexts {
			names = slices.Sorted(maps.Keys(k.config.Contexts))
		}
		for _, name := range names {
			if name == "" {
				r.fails(fmt.Errorf("%s: a context has no name", k.origin))
				continue
			}
			chosen = append(chosen, choice{kubeconfig: k, name: name})
		}
	}
	return chosen
}

// chooseNamed looks for each name in every file.
func (l *Loader) chooseNamed(r *reading) (chosen []choice) {
	for _, name := range l.opts.Contexts {
		before := len(chosen)
		for _, k := range r.configs {
			if _, ok := k.config.Contexts[name]; ok {
				chosen = append(chosen, choice{kubeconfig: k, name: name})
			}
		}
		if len(chosen) == before && len(r.configs) > 0 {
			chosen = append(chosen, choice{name: name, absent: fmt.Errorf("no such context in %s", origins(r.configs))})
		}
	}
	return chosen
}

// origins names the first few kubeconfigs.
func origins(configs []kubeconfig) string {
	const few = 5
	var list []string
	for _, k := range configs[:min(few, len(configs))] {
		list = append(list, k.origin)
	}
	text := strings.Join(list, ", ")
	if more := len(configs) - few; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// path returns the path of the file, or of any one of several.
func (k kubeconfig) path() string {
	for _, name := range slices.Sorted(maps.Keys(k.config.Contexts)) {
		return k.config.Contexts[name].LocationOfOrigin
	}
	return ""
}
