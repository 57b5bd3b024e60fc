//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// contexts is a kubeconfig that changes while exporters run on it.
type contexts struct {
	path string
	all  map[string]login
}

// login is a control plane and a way into it.
type login struct {
	cp   *controlPlane
	user clientcmdapi.AuthInfo
}

// administrator is the login with the rights to everything.
func administrator(cp *controlPlane) login {
	return login{cp, clientcmdapi.AuthInfo{Token: cp.api.cfg.BearerToken}}
}

func newContexts(t *testing.T, all map[string]login) *contexts {
	t.Helper()
	c := &contexts{path: filepath.Join(t.TempDir(), "kubeconfig"), all: all}
	c.write(t)
	return c
}

// write brings the file up to date.
func (c *contexts) write(t *testing.T) {
	t.Helper()
	cfg := clientcmdapi.NewConfig()
	for name, login := range c.all {
		server := login.cp.api.cfg
		cfg.Clusters[name] = &clientcmdapi.Cluster{Server: server.Host, CertificateAuthorityData: server.CAData}
		cfg.AuthInfos[name] = &login.user
		cfg.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	}
	data, err := clientcmd.Write(*cfg)
	must(t, err)
	c.put(t, data)
}

// put replaces the file in one step, as kubelet does with a mounted one.
func (c *contexts) put(t *testing.T, data []byte) {
	t.Helper()
	must(t, os.WriteFile(c.path+".next", data, 0o600))
	must(t, os.Rename(c.path+".next", c.path))
}
