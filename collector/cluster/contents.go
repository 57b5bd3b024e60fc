package cluster

import (
	"encoding/base64"
	"fmt"
	"net/http"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	client "k8s.io/client-go/transport"
)

// pair names the files that a client certificate and its key came from. One is empty
// if it is in the kubeconfig.
type pair struct{ cert, key string }

// noData stands for the content of an empty file: client-go reads the file if there
// is no data, and takes no file for the system's authorities.
const noData = "\n"

// clientConfig is client-go's ClientConfig with what has been read of the files that
// the entries name: client-go reads them again, without a limit.
func (e entries) clientConfig(chosen choice) (*rest.Config, pair, error) {
	server, user, from, err := e.contents()
	if err != nil {
		return nil, pair{}, err
	}
	kctx, one := chosen.config.Contexts[chosen.name], *chosen.config
	one.Clusters = map[string]*api.Cluster{kctx.Cluster: server}
	one.AuthInfos = map[string]*api.AuthInfo{kctx.AuthInfo: user}
	config, err := clientcmd.NewNonInteractiveClientConfig(one, chosen.name, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return nil, pair{}, e.fault()
	}
	if path := e.user.TokenFile; path != "" && rest.IsConfigTransportTLS(*config) {
		config.BearerTokenFile = path // it has the latest token, and is read with each request
		if e.user.Token == "" {
			config.BearerToken = string(e.read(path).data)
		}
	}
	return config, from, nil
}

// contents returns copies of the entries that have the content of files in the place
// of their names, and none of a token's file.
func (e entries) contents() (server *api.Cluster, user *api.AuthInfo, from pair, err error) {
	server, user = e.cluster.DeepCopy(), e.user.DeepCopy()
	user.TokenFile = ""
	if e.unused("client-key") {
		user.ClientKey, user.ClientKeyData = "", nil
	}
	from = pair{user.ClientCertificate, user.ClientKey}
	for _, file := range []struct {
		path *string
		data *[]byte
	}{
		{&server.CertificateAuthority, &server.CertificateAuthorityData},
		{&user.ClientCertificate, &user.ClientCertificateData},
		{&user.ClientKey, &user.ClientKeyData},
	} {
		if *file.path == "" {
			continue
		}
		if *file.data, err = e.dataOf(*file.path); err != nil {
			return nil, nil, pair{}, err
		}
		*file.path = ""
	}
	if path := e.issuerAuthority(); path != "" && user.AuthProvider.Config[issuerAuthority+"-data"] == "" {
		data, err := e.dataOf(path)
		if err != nil {
			return nil, nil, pair{}, err
		}
		user.AuthProvider.Config[issuerAuthority+"-data"] = base64.StdEncoding.EncodeToString(data)
	}
	return server, user, from, nil
}

// dataOf returns what has been read of a file.
func (e entries) dataOf(path string) ([]byte, error) {
	data, err := e.contentOf(path, nil)
	if err == nil && len(data) == 0 {
		data = []byte(noData)
	}
	return data, err
}

// roundTripper is client-go's TransportFor. A certificate out of files is read again
// while the client is used, and once now, for which there is a limit.
func (c Cluster) roundTripper(config *rest.Config) (http.RoundTripper, error) {
	conf, err := config.TransportConfig()
	if err != nil {
		return nil, err
	}
	if c.from.cert == "" || c.from.key == "" || !conf.HasCertAuth() {
		return client.New(conf)
	}
	conf.TLS.CertFile, conf.TLS.KeyFile, conf.TLS.ReloadTLSFiles = c.from.cert, c.from.key, true
	if conf.Proxy == nil {
		// What client-go takes anyway. With a proxy it does not look for a transport to
		// share, for which it holds a lock of all clients while it reads.
		conf.Proxy = http.ProxyFromEnvironment
	}
	type built struct {
		next http.RoundTripper
		err  error
	}
	b, err := within(c.reader, c.from.cert, func() built {
		next, err := client.New(conf)
		return built{next, err}
	})
	if err != nil {
		return nil, fmt.Errorf("user %q: client-certificate and client-key: %w", c.userEntry, err)
	}
	return b.next, b.err
}
