package cluster

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// choose picks the contexts that the options ask for. The files of KUBECONFIG are
// merged by now: one of them alone may have none.
func choose(opts Options, r *reading) []Cluster {
	if len(opts.Contexts) > 0 {
		return chooseNamed(opts, r)
	}
	var clusters []Cluster
	for _, k := range r.configs {
		names := []string{k.config.CurrentContext}
		if opts.AllContexts {
			names = slices.Sorted(maps.Keys(k.config.Contexts))
		} else if k.config.CurrentContext == "" {
			r.fails(fmt.Errorf("%s: no current-context is set; choose with --kubernetes.context or --kubernetes.all-contexts", k.origin))
			continue
		}
		for _, name := range names {
			if name == "" {
				r.fails(fmt.Errorf("%s: a context has no name", k.origin))
				continue
			}
			clusters = append(clusters, k.cluster(opts, name))
		}
	}
	return clusters
}

// chooseNamed looks for each name in every file.
func chooseNamed(opts Options, r *reading) []Cluster {
	var clusters []Cluster
	for _, name := range opts.Contexts {
		before := len(clusters)
		for _, k := range r.configs {
			if _, ok := k.config.Contexts[name]; ok {
				clusters = append(clusters, k.cluster(opts, name))
			}
		}
		if len(clusters) == before && len(r.configs) > 0 {
			where := fmt.Sprintf("--kubernetes.context=%q", name)
			clusters = append(clusters, Cluster{Name: name, Source: where, Fault: fmt.Errorf("%s: no such context in %s", where, origins(r.configs))})
		}
	}
	return clusters
}

func origins(configs []kubeconfig) string {
	list := make([]string, len(configs))
	for i, k := range configs {
		list[i] = k.origin
	}
	return strings.Join(list, ", ")
}

// cluster turns one context into a cluster.
func (k kubeconfig) cluster(opts Options, name string) Cluster {
	c := Cluster{Name: opts.nameOf(k.path, name, name), Source: fmt.Sprintf("%s: context %q", k.origin, name)}
	kctx, ok := k.config.Contexts[name]
	if !ok {
		c.Fault = fmt.Errorf("%s: no such context", c.Source)
		return c
	}
	path := k.path
	if kctx.LocationOfOrigin != "" {
		path = kctx.LocationOfOrigin
	}
	c.Name = opts.nameOf(path, name, kctx.Cluster)
	c.clusterEntry, c.userEntry = kctx.Cluster, kctx.AuthInfo
	if err := c.configure(k.config, name, kctx); err != nil {
		c.Fault = fmt.Errorf("%s: %w", c.Source, err)
	}
	return c
}

// configure is what a context's client is made of.
func (c *Cluster) configure(config *api.Config, name string, kctx *api.Context) error {
	if err := checkReferences(config, kctx); err != nil {
		return err
	}
	e := entries{kctx.Cluster, kctx.AuthInfo, config.Clusters[kctx.Cluster], config.AuthInfos[kctx.AuthInfo]}
	if e.user == nil {
		e.user = &api.AuthInfo{}
	}
	// Before client-go, which waits for whatever file it is given.
	if err := e.filesFault(); err != nil {
		return err
	}
	var err error
	if c.config, err = clientcmd.NewNonInteractiveClientConfig(*config, name, &clientcmd.ConfigOverrides{}, nil).ClientConfig(); err != nil {
		return e.fault()
	}
	if _, err := c.base(); err != nil {
		return err
	}
	if c.Server, err = identityOf(e.cluster); err != nil {
		return err
	}
	if c.login, err = digestOf(c.Source, e.user); err != nil {
		return err
	}
	c.Key, err = digestOf(e.cluster, e.user, c.Server)
	return err
}

// checkReferences looks at what client-go would report by quoting a URL, which
// may hold a password.
func checkReferences(config *api.Config, kctx *api.Context) error {
	server, ok := config.Clusters[kctx.Cluster]
	if !ok {
		return fmt.Errorf("the kubeconfig has no cluster %q", kctx.Cluster)
	}
	if server.Server == "" {
		return fmt.Errorf("cluster %q has no server", kctx.Cluster)
	}
	if _, ok := config.AuthInfos[kctx.AuthInfo]; !ok && kctx.AuthInfo != "" {
		return fmt.Errorf("the kubeconfig has no user %q", kctx.AuthInfo)
	}
	if server.ProxyURL == "" {
		return nil
	}
	proxy, err := url.Parse(server.ProxyURL)
	if err != nil || proxy.Host == "" {
		return fmt.Errorf("cluster %q: proxy-url is not a URL", kctx.Cluster)
	}
	if !slices.Contains([]string{"http", "https", "socks5"}, proxy.Scheme) {
		return fmt.Errorf("cluster %q: the scheme of proxy-url is not http, https or socks5", kctx.Cluster)
	}
	return nil
}
