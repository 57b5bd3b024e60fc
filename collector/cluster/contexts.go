package cluster

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"slices"

	"k8s.io/client-go/tools/clientcmd/api"
)

// readAhead reads the files that the chosen contexts name, all at the same time.
func (l *Loader) readAhead(chosen []choice) {
	var paths []string
	for _, c := range chosen {
		if c.absent != nil || c.config.Contexts[c.name] == nil {
			continue
		}
		for _, file := range c.entries(l.readOnce).files() {
			if len(file.data) > 0 || file.path == "" {
				continue
			}
			paths = append(paths, file.path)
			before, named := l.tokens[file.path]
			_, noted := l.seen[file.path] // as a kubeconfig
			l.tokens[file.path] = file.field == "tokenFile" && !noted && (before || !named)
		}
	}
	l.readEachOnce(paths)
}

// cluster turns one context into a cluster.
func (l *Loader) cluster(chosen choice) Cluster {
	name := chosen.name
	if chosen.absent != nil {
		source := fmt.Sprintf("--kubernetes.context=%q", name)
		return Cluster{Name: name, Source: source, Fault: fmt.Errorf("%s: %w", source, chosen.absent)}
	}
	c := Cluster{Source: fmt.Sprintf("%s: context %q", chosen.origin, shortened(name))}
	kctx, ok := chosen.config.Contexts[name]
	if !ok {
		c.Name = l.opts.nameOf(chosen.path(), name, "")
		c.Fault = fmt.Errorf("%s: no such context", c.Source)
		return c
	}
	c.Name = l.opts.nameOf(kctx.LocationOfOrigin, name, kctx.Cluster)
	c.clusterEntry, c.userEntry = shortened(kctx.Cluster), shortened(kctx.AuthInfo)
	if err := c.configure(chosen, chosen.entries(l.readOnce)); err != nil {
		c.Fault = fmt.Errorf("%s: %w", c.Source, err)
	}
	return c
}

// entries returns the entries of a context; a field is nil if its entry does not
// exist.
func (c choice) entries(read func(path string) found) entries {
	kctx := c.config.Contexts[c.name]
	return entries{shortened(kctx.Cluster), shortened(kctx.AuthInfo), c.config.Clusters[kctx.Cluster], c.config.AuthInfos[kctx.AuthInfo], read}
}

// configure sets what the context's client is made of. It identifies the server
// first, so that the server is known even when something else is wrong.
func (c *Cluster) configure(chosen choice, e entries) error {
	if e.cluster == nil {
		return fmt.Errorf("the kubeconfig has no cluster %q", e.clusterName)
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
	for _, check := range []func() error{e.filesFault, e.tokenFault, e.twiceFault} {
		if err := check(); err != nil {
			return err
		}
	}
	var err error
	if c.config, c.from, err = e.clientConfig(chosen); err != nil {
		return err
	}
	if err := e.attendedFault(); err != nil {
		return err
	}
	if _, err := c.base(); err != nil {
		return err
	}
	return c.digest(e)
}

// identify sets Server and Place, if the certificate authority can be read.
func (c *Cluster) identify(e entries) (err error) {
	if c.Place, err = placeOf(e.cluster); err != nil {
		return err
	}
	named := e.cluster.CertificateAuthority != "" || len(e.cluster.CertificateAuthorityData) > 0
	authority, unread := e.authority()
	if unread != nil || named && !whole(authority) {
		return nil // a fault that is reported with those of other files, or by the client
	}
	c.Server, err = digestOf(c.Place, authority)
	return err
}

// authority returns the certificates that the server's is checked with.
func (e entries) authority() ([]byte, error) {
	return e.contentOf(e.cluster.CertificateAuthority, e.cluster.CertificateAuthorityData)
}

// whole says whether data has certificates in PEM, and none that is cut off, as in a file
// that is being written.
func whole(data []byte) bool {
	if !x509.NewCertPool().AppendCertsFromPEM(data) {
		return false
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		data = rest
	}
	return !bytes.Contains(data, []byte("-----BEGIN"))
}

// digest sets the texts that change with the client.
func (c *Cluster) digest(e entries) error {
	authority, err := e.authority()
	if err != nil {
		return err
	}
	issuer, err := e.contentOf(e.issuerAuthority(), nil)
	if err != nil {
		return err
	}
	if c.Login, err = digestOf(c.Source, e.user, issuer); err != nil {
		return err
	}
	c.Key, err = digestOf(e.cluster, e.user, authority, issuer)
	return err
}

// checkReferences finds what client-go would report by quoting a URL, which may
// contain a password.
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
