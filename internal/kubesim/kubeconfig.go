package kubesim

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Who may read a kubeconfig: everybody what has no secret in it, as a container of
// another user does, and the owner alone what has a token.
const (
	openMode   = 0o644
	secretMode = 0o600
)

// Kubeconfig returns the configuration of a client of this server at a URL;
// caPEM holds the certificates it trusts and may be empty. The context has the
// cluster's name.
func (s *Server) Kubeconfig(url string, caPEM []byte) *clientcmdapi.Config {
	name := s.cfg.Cluster
	if name == "" {
		name = DefaultCluster
	}
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: url, CertificateAuthorityData: caPEM}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: s.cfg.Token}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	return config
}

// WriteKubeconfig writes Kubeconfig to a file, which only its owner can read when
// clients need a token. A reader never sees half of it: the file appears in one step.
func (s *Server) WriteKubeconfig(path, url string, caPEM []byte) error {
	data, err := clientcmd.Write(*s.Kubeconfig(url, caPEM))
	if err != nil {
		return fmt.Errorf("encode kubeconfig: %w", err)
	}
	mode := os.FileMode(openMode)
	if s.cfg.Token != "" {
		mode = secretMode
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".kubeconfig-*")
	if err != nil {
		return fmt.Errorf("write kubeconfig %s: %w", path, err)
	}
	_, err = file.Write(data)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Chmod(file.Name(), mode)
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("write kubeconfig %s: %w", path, err)
	}
	return nil
}
