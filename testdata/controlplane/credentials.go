package main

import (
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// contextName is the name that admin.kubeconfig gives to this cluster.
const contextName = "jobsscz-k8s-cluster"

// writeCredentials makes, once per folder, what servers and clients need to
// trust each other: ca (for servers and for client certificates),
// serving, admin (system:masters), sa.key (service account tokens), tokens.csv
// with the admin's token, and admin.kubeconfig.
func writeCredentials(st *state, now time.Time) error {
	switch _, err := os.Stat(st.path(fileKubeconfig)); {
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("looking for credentials: %w", err)
	}
	ca, err := newAuthority(now)
	if err != nil {
		return err
	}
	saKey, err := newKey()
	if err != nil {
		return err
	}
	token := rand.Text()
	files := map[string][]byte{
		fileCA:     ca.certPEM(),
		fileTokens: fmt.Appendf(nil, "%s,admin,admin,\"system:masters\"\n", token),
	}
	for name, key := range map[string]crypto.Signer{fileCAKey: ca.key, "sa.key": saKey} {
		if files[name], err = keyPEM(key); err != nil {
			return err
		}
	}
	for name, subject := range map[string]pkix.Name{
		"serving": {CommonName: "kube-apiserver"},
		"admin":   {CommonName: "admin-certificate", Organization: []string{"system:masters"}},
	} {
		if files[name+".crt"], files[name+".key"], err = ca.issue(subject); err != nil {
			return err
		}
	}
	for name, data := range files {
		if err := writeFile(st.path(name), data); err != nil {
			return err
		}
	}
	return writeKubeconfig(st, files[fileCA], token) // last: it says that all is there
}

func writeKubeconfig(st *state, ca []byte, token string) error {
	cfg := clientcmdapi.NewConfig()
	cfg.Clusters[contextName] = &clientcmdapi.Cluster{Server: st.url(), CertificateAuthorityData: ca}
	cfg.AuthInfos["admin"] = &clientcmdapi.AuthInfo{Token: token}
	cfg.Contexts[contextName] = &clientcmdapi.Context{Cluster: contextName, AuthInfo: "admin"}
	cfg.CurrentContext = contextName
	data, err := clientcmd.Write(*cfg)
	if err != nil {
		return fmt.Errorf("writing kubeconfig: %w", err)
	}
	return writeFile(st.path(fileKubeconfig), data)
}
