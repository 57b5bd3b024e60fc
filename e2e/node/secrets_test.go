//go:build e2e

package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const (
	password = "correct horse battery staple"
	// passwordHash is the password's, by htpasswd -nBC 10.
	passwordHash = "$2a$10$TMlmj/Jir.7IkoTe66oFEuadyrb4AkDxhf0caE4/4rYaMYJHbnQoa"
)

// passwordSecrets are those of the component tls, with its own web.yml.
func passwordSecrets(t *testing.T, name string) string {
	t.Helper()
	authority := newAuthority(t)
	web := strings.Replace(readFile(t, "../../deploy/kubernetes/components/tls/web.yml"), "BCRYPT_HASH", passwordHash, 1)
	return serverSecret(t, authority, name) +
		secret(t, name, "web", map[string]string{"web.yml": web}) +
		secret(t, name, "scrape", map[string]string{"ca.crt": authority.certificate, "username": "prometheus", "password": password})
}

// certificateSecrets are those of the component client-certificates.
func certificateSecrets(t *testing.T, name string) string {
	t.Helper()
	authority, clients := newAuthority(t), newAuthority(t)
	certificate, key := clients.issue(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "prometheus"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return serverSecret(t, authority, name) +
		secret(t, name, "web", map[string]string{
			"web.yml":       readFile(t, "../../deploy/kubernetes/components/client-certificates/web.yml"),
			"client-ca.crt": clients.certificate,
		}) +
		secret(t, name, "scrape", map[string]string{"ca.crt": authority.certificate, "tls.crt": certificate, "tls.key": key})
}

// serverSecret is the one that cert-manager would make for the Service.
func serverSecret(t *testing.T, a *authority, name string) string {
	t.Helper()
	certificate, key := a.issue(t, &x509.Certificate{
		DNSNames: []string{name + "-pod-count-exporter"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return secret(t, name, "tls", map[string]string{"tls.crt": certificate, "tls.key": key})
}

// secret has the name that a component gives it.
func secret(t *testing.T, namespace, name string, data map[string]string) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "stringData": data,
		"metadata": map[string]any{"name": "pod-count-exporter-" + name, "namespace": namespace},
	})
	must(t, err)
	return "\n---\n" + string(text)
}

// kubeconfigs name this cluster three times, with the token of an account that may
// list pods and nodes.
func kubeconfigs(t *testing.T, name string) string {
	t.Helper()
	apply(t, fmt.Sprintf(countingAccount, name))
	t.Cleanup(func() {
		_, _ = tryKubectl(t.Context(), "", "delete", "clusterrolebinding,clusterrole", name+"-counting")
	})
	admin, err := clientcmd.LoadFromFile(os.Getenv("KUBECONFIG"))
	must(t, err)
	must(t, clientcmdapi.FlattenConfig(admin))
	token := strings.TrimSpace(kubectl(t, "-n", name, "create", "token", "counting"))
	files := map[string]string{}
	for _, cluster := range []string{"east", "north", "west"} {
		cfg := clientcmdapi.NewConfig()
		cfg.Clusters[cluster] = admin.Clusters[admin.Contexts[admin.CurrentContext].Cluster]
		cfg.AuthInfos[cluster] = &clientcmdapi.AuthInfo{Token: token}
		cfg.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: cluster}
		cfg.CurrentContext = cluster
		data, err := clientcmd.Write(*cfg)
		must(t, err)
		files[cluster+".kubeconfig"] = string(data)
	}
	return secret(t, name, "kubeconfigs", files)
}

const countingAccount = `apiVersion: v1
kind: ServiceAccount
metadata: {name: counting, namespace: %[1]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %[1]s-counting}
rules:
- {apiGroups: [""], resources: [pods, nodes], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %[1]s-counting}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %[1]s-counting}
subjects:
- {kind: ServiceAccount, name: counting, namespace: %[1]s}
`

// wantShared sees each cluster counted by one replica.
func wantShared(t *testing.T, r *release, m *monitoring) {
	t.Helper()
	eventually(t, "each cluster is counted once", func() error {
		samples, err := m.query(t, fmt.Sprintf(`count by (cluster) (pod_count_success{namespace=%q} == 1)`, r.namespace))
		got := byLabel(samples, "cluster")
		if err == nil && (len(got) != 3 || got["east"] != "1" || got["north"] != "1" || got["west"] != "1") {
			err = fmt.Errorf("replicas by cluster: %v", got)
		}
		return err
	})
}

// wantRefused asks without credentials.
func wantRefused(t *testing.T, r *release, _ *monitoring) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // it is about the client
	}}
	defer client.CloseIdleConnections()
	for _, pod := range r.pods(t) {
		address := podIP(t, r.namespace, strings.TrimPrefix(pod, "pod/")) + ":10120/metrics"
		if body, err := getWith(t, client, "https://"+address); err == nil {
			t.Errorf("answered without credentials: %.100s", body)
		} else if text := err.Error(); !strings.Contains(text, "status 401") && !strings.Contains(text, "certificate required") {
			t.Errorf("refused for another reason: %v", err)
		}
		if body, err := get(t, "http://"+address); err == nil {
			t.Errorf("answered without encryption: %.100s", body)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return string(data)
}

// authority issues certificates.
type authority struct {
	certificate string // PEM
	parsed      *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	a := &authority{key: key, parsed: &x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	der := a.sign(t, a.parsed, key)
	a.certificate = encode("CERTIFICATE", der)
	a.parsed, err = x509.ParseCertificate(der)
	must(t, err)
	return a
}

// issue returns a certificate and its key.
func (a *authority) issue(t *testing.T, template *x509.Certificate) (certificate, key string) {
	t.Helper()
	pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.MarshalECPrivateKey(pair)
	must(t, err)
	return encode("CERTIFICATE", a.sign(t, template, pair)), encode("EC PRIVATE KEY", der)
}

func (a *authority) sign(t *testing.T, template *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, a.parsed, key.Public(), a.key)
	must(t, err)
	return der
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
