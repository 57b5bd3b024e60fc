package cluster

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// unfit says why no context can be chosen from a config.
func (o Options) unfit(config *api.Config) error {
	switch {
	case len(config.Contexts) == 0:
		return errNoContexts
	case config.CurrentContext == "" && !o.AllContexts && len(o.Contexts) == 0:
		return errors.New("no current-context is set; choose with --kubernetes.context or --kubernetes.all-contexts")
	}
	return nil
}

// choose picks the contexts that the options ask for. The files of KUBECONFIG are
// merged by now: one of them alone may have none.
func (l *Loader) choose(r *reading) []Cluster {
	if len(l.opts.Contexts) > 0 {
		return l.chooseNamed(r)
	}
	var clusters []Cluster
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
			clusters = append(clusters, l.cluster(k, name))
		}
	}
	return clusters
}

// chooseNamed looks for each name in every file.
func (l *Loader) chooseNamed(r *reading) []Cluster {
	var clusters []Cluster
	for _, name := range l.opts.Contexts {
		before := len(clusters)
		for _, k := range r.configs {
			if _, ok := k.config.Contexts[name]; ok {
				clusters = append(clusters, l.cluster(k, name))
			}
		}
		if len(clusters) == before && len(r.configs) > 0 {
			where := fmt.Sprintf("--kubernetes.context=%q", name)
			clusters = append(clusters, Cluster{Name: name, Source: where, Fault: fmt.Errorf("%s: no such context in %s", where, origins(r.configs))})
		}
	}
	return clusters
}

// origins names the first few places.
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

// cluster turns one context into a cluster.
func (l *Loader) cluster(k kubeconfig, name string) Cluster {
	c := Cluster{Source: fmt.Sprintf("%s: context %q", k.origin, name)}
	kctx, ok := k.config.Contexts[name]
	if !ok {
		c.Name = l.opts.nameOf(k.path(), name, "")
		c.Fault = fmt.Errorf("%s: no such context", c.Source)
		return c
	}
	c.Name = l.opts.nameOf(kctx.LocationOfOrigin, name, kctx.Cluster)
	c.clusterEntry, c.userEntry = kctx.Cluster, kctx.AuthInfo
	if err := c.configure(k.config, name, kctx, l.see); err != nil {
		c.Fault = fmt.Errorf("%s: %w", c.Source, err)
	}
	return c
}

// path is that of a file with contexts; of several, any one.
func (k kubeconfig) path() string {
	for _, name := range slices.Sorted(maps.Keys(k.config.Contexts)) {
		return k.config.Contexts[name].LocationOfOrigin
	}
	return ""
}

// configure is what a context's client is made of. Which server it is comes first, so
// that it is known when something else is wrong.
func (c *Cluster) configure(config *api.Config, name string, kctx *api.Context, read func(path string) found) error {
	e := entries{kctx.Cluster, kctx.AuthInfo, config.Clusters[kctx.Cluster], config.AuthInfos[kctx.AuthInfo], read}
	if e.cluster == nil {
		return fmt.Errorf("the kubeconfig has no cluster %q", kctx.Cluster)
	}
	if err := c.identify(e); err != nil {
		return err
	}
	if err := e.checkReferences(); err != nil {
		return err
	}
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
	return c.digest(e)
}

// identify tells which server it is, as far as its certificate authority can be read.
func (c *Cluster) identify(e entries) (err error) {
	if c.Place, err = placeOf(e.cluster); err != nil {
		return err
	}
	authority, unread := e.contentOf(e.cluster.CertificateAuthority, e.cluster.CertificateAuthorityData)
	if unread != nil {
		return nil // a fault that is told with those of other files
	}
	c.Server, err = digestOf(c.Place, authority)
	return err
}

// digest makes the texts that change with the client.
func (c *Cluster) digest(e entries) error {
	issuer, err := e.contentOf(e.issuerAuthority(), nil)
	if err != nil {
		return err
	}
	if c.Login, err = digestOf(c.Source, e.user, issuer); err != nil {
		return err
	}
	c.Key, err = digestOf(e.cluster, e.user, c.Server, issuer)
	return err
}

// checkReferences looks at what client-go would report by quoting a URL, which
// may hold a password.
func (e entries) checkReferences() error {
	server := e.cluster
	if server.Server == "" {
		return fmt.Errorf("cluster %q has no server", e.clusterName)
	}
	if e.user == nil && e.userName != "" {
		return fmt.Errorf("the kubeconfig has no user %q", e.userName)
	}
	if server.ProxyURL == "" {
		return nil
	}
	proxy, err := url.Parse(server.ProxyURL)
	if err != nil || proxy.Host == "" {
		return fmt.Errorf("cluster %q: proxy-url is not a URL", e.clusterName)
	}
	if !slices.Contains([]string{"http", "https", "socks5"}, proxy.Scheme) {
		return fmt.Errorf("cluster %q: the scheme of proxy-url is not http, https or socks5", e.clusterName)
	}
	return nil
}
