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
func choose(opts Options, files []file) ([]Cluster, error) {
	for _, f := range files {
		if len(f.config.Contexts) == 0 {
			return nil, fmt.Errorf("%s: the kubeconfig has no contexts", f.origin)
		}
	}
	if len(opts.Contexts) > 0 {
		return chooseNamed(opts.Contexts, files)
	}
	var clusters []Cluster
	for _, f := range files {
		names := []string{f.config.CurrentContext}
		if opts.AllContexts {
			names = slices.Sorted(maps.Keys(f.config.Contexts))
		} else if f.config.CurrentContext == "" {
			return nil, fmt.Errorf("%s: no current-context is set; choose with --kubernetes.context or --kubernetes.all-contexts", f.origin)
		}
		for _, name := range names {
			c, err := build(f, name)
			if err != nil {
				return nil, err
			}
			clusters = append(clusters, c)
		}
	}
	return clusters, nil
}

// chooseNamed looks for each name in every file; a name found twice is left for
// checkNames to report.
func chooseNamed(names []string, files []file) ([]Cluster, error) {
	var clusters []Cluster
	for _, name := range names {
		before := len(clusters)
		for _, f := range files {
			if _, ok := f.config.Contexts[name]; !ok {
				continue
			}
			c, err := build(f, name)
			if err != nil {
				return nil, err
			}
			clusters = append(clusters, c)
		}
		if len(clusters) == before {
			return nil, fmt.Errorf("--kubernetes.context=%q: no such context in %s", name, origins(files))
		}
	}
	return clusters, nil
}

func origins(files []file) string {
	list := make([]string, len(files))
	for i, f := range files {
		list[i] = f.origin
	}
	return strings.Join(list, ", ")
}

// build turns one context into a cluster.
func build(f file, name string) (Cluster, error) {
	where := fmt.Sprintf("%s: context %q", f.origin, name)
	kctx, ok := f.config.Contexts[name]
	if !ok {
		return Cluster{}, fmt.Errorf("%s: no such context", where)
	}
	if name == "" {
		return Cluster{}, fmt.Errorf("%s: the context has no name", where)
	}
	if err := checkReferences(f.config, kctx); err != nil {
		return Cluster{}, fmt.Errorf("%s: %w", where, err)
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(*f.config, name, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return Cluster{}, fmt.Errorf("%s: %w", where, entries{kctx.Cluster, kctx.AuthInfo, f.config.Clusters[kctx.Cluster], f.config.AuthInfos[kctx.AuthInfo]}.fault())
	}
	c := Cluster{Name: name, Source: where, config: config, clusterEntry: kctx.Cluster, userEntry: kctx.AuthInfo}
	if _, err = c.base(); err != nil {
		return c, err
	}
	if c.Key, err = keyOf(f.config.Clusters[kctx.Cluster], f.config.AuthInfos[kctx.AuthInfo]); err != nil {
		return c, fmt.Errorf("%s: %w", where, err)
	}
	return c, nil
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
