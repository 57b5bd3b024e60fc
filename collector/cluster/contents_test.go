package cluster

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// writePair writes a new certificate and its key, and returns the certificate.
func writePair(t *testing.T, dir string) (der []byte) {
	t.Helper()
	pair, certificate, err := kubesim.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	put(t, string(certificate), dir, "crt")
	put(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})), dir, "key")
	return pair.Certificate[0]
}

// askedWith is a TLS server that keeps the tokens and certificates of its clients, and
// writes its own certificate to a file.
func askedWith(t *testing.T, authority string) (address string, tokens *[]string, certs *[][]byte) {
	t.Helper()
	tokens, certs = new([]string), new([][]byte)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		*tokens = append(*tokens, r.Header.Get("Authorization"))
		*certs = append(*certs, r.TLS.PeerCertificates[0].Raw)
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	put(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})), authority)
	return server.URL, tokens, certs
}

// goneOnceRead makes l's files in dir disappear as soon as they have been read. Only a
// Loader's own reading has a limit, so that nobody else may need them.
func goneOnceRead(t *testing.T, l *Loader, dir string) {
	t.Helper()
	l.reader.readPath = func(path string, pipe func(fs.FileMode, bool)) found {
		f := readPath(path, pipe)
		if filepath.Dir(path) == dir {
			if err := os.Remove(path); err != nil {
				t.Error(err)
			}
		}
		return f
	}
}

func TestFilesAreReadOnce(t *testing.T) {
	for name, user := range map[string]string{
		"certificate":          "client-certificate: DIR/crt, client-key: DIR/key",
		"certificate and data": "client-certificate: DIR/crt, client-key-data: DATA",
		"token":                "tokenFile: DIR/token",
		"password and token":   "password: p, tokenFile: DIR/token",
		"token for a token":    "token: x, tokenFile: DIR/token",
		"key for a token":      "token: x, client-key: DIR/key, client-key-data: DATA",
		"OIDC":                 "auth-provider: {name: oidc, config: {idp-issuer-url: https://i, client-id: " + t.Name() + ", idp-certificate-authority: DIR/ca}}",
		"plugin":               "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Never, provideClusterInfo: true}",
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "named")
			writePair(t, dir)
			key, err := os.ReadFile(filepath.Join(dir, "key"))
			if err != nil {
				t.Fatal(err)
			}
			address, _, _ := askedWith(t, filepath.Join(dir, "ca"))
			put(t, "first", dir, "token")
			content := fmt.Sprintf("current-context: x\nclusters: [{name: c, cluster: {server: %q, certificate-authority: %q}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {%s}}]\n",
				address, filepath.Join(dir, "ca"), strings.NewReplacer("DIR", dir, "DATA", base64.StdEncoding.EncodeToString(key)).Replace(user))
			put(t, content, root, "kubeconfig")
			l := NewLoader(Options{Kubeconfigs: []string{filepath.Join(root, "kubeconfig")}})
			goneOnceRead(t, l, dir)
			c := l.Load().Clusters[0]
			client, _, err := c.Client()
			if err != nil {
				t.Fatal(err)
			}
			Release(client)
		})
	}
}

// What client-go reads while it is used stays with it: the latest certificate and token
// are sent, and before there is a token's file again, what is known.
func TestFilesRotate(t *testing.T) {
	for first, user := range map[string]string{"first": "", "given": "token: given, "} {
		t.Run(first, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "named")
			address, tokens, certs := askedWith(t, filepath.Join(dir, "ca"))
			writePair(t, dir)
			put(t, "first", dir, "token")
			put(t, strings.ReplaceAll(fmt.Sprintf(`current-context: x
clusters: [{name: c, cluster: {server: %q, certificate-authority: DIR/ca}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
users: [{name: u, user: {%sclient-certificate: DIR/crt, client-key: DIR/key, tokenFile: DIR/token}}]
`, address, user), "DIR", dir), root, "kubeconfig")
			l := NewLoader(Options{Kubeconfigs: []string{filepath.Join(root, "kubeconfig")}})
			goneOnceRead(t, l, dir)
			c := l.Load().Clusters[0]
			second := writePair(t, dir)
			client, _, err := c.Client()
			if err != nil {
				t.Fatal(err)
			}
			defer Release(client)
			ask(t, client, address)
			put(t, "second", dir, "token")
			ask(t, client, address)
			if !slices.Equal(*tokens, []string{"Bearer " + first, "Bearer second"}) {
				t.Errorf("tokens %q", *tokens)
			}
			for _, cert := range *certs {
				if !bytes.Equal(cert, second) {
					t.Error("the first certificate was sent, not the latest")
				}
			}
		})
	}
}

func ask(t *testing.T, client *http.Client, address string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
}

// An empty file is no reason to trust the authorities of the system.
func TestEmptyAuthority(t *testing.T) {
	for name, entries := range map[string]struct{ cluster, user, says string }{
		"cluster": {", certificate-authority: FILE", "token: x", "certificate-authority: no certificates in PEM"},
		"issuer":  {"", "auth-provider: {name: oidc, config: {idp-issuer-url: https://i, client-id: " + t.Name() + ", idp-certificate-authority: FILE}}", "idp-certificate-authority-data: not certificates in PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			put(t, "", root, "empty")
			content := strings.Replace(fileOf("a", entries.cluster), "{cluster: c}", "{cluster: c, user: u}", 1) + "users: [{name: u, user: {" + entries.user + "}}]\n"
			put(t, strings.ReplaceAll(content, "FILE", filepath.Join(root, "empty")), root, "kubeconfig")
			c := NewLoader(Options{Kubeconfigs: []string{filepath.Join(root, "kubeconfig")}}).Load().Clusters[0]
			if _, _, err := c.Client(); err == nil || !strings.Contains(err.Error(), entries.says) {
				t.Errorf("error %v, want %q", err, entries.says)
			}
		})
	}
}

// client-go reads a certificate once more while the client is made. What hangs there is
// left behind, once.
func TestCertificateThatHangsLater(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "named")
	writePair(t, dir)
	put(t, strings.ReplaceAll(strings.Replace(fileOf("a", ""), "{cluster: c}", "{cluster: c, user: u}", 1)+
		"users: [{name: u, user: {client-certificate: DIR/crt, client-key: DIR/key}}]\n", "DIR", dir), root, "kubeconfig")
	l := NewLoader(Options{Kubeconfigs: []string{filepath.Join(root, "kubeconfig")}})
	c := l.Load().Clusters[0]
	pipe := filepath.Join(dir, "crt")
	if err := errors.Join(os.Remove(pipe), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	l.reader.limit = 20 * time.Millisecond
	for range 3 {
		if _, _, err := c.Client(); !errors.Is(err, errHangs) || !strings.Contains(err.Error(), `user "u": client-certificate and client-key: `) {
			t.Errorf("error %v", err)
		}
	}
	put(t, fileOf("b", ""), root, "other")
	other := NewLoader(Options{Kubeconfigs: []string{filepath.Join(root, "other")}}).Load().Clusters[0]
	made := make(chan error, 1)
	go func() {
		_, _, err := other.Client()
		made <- err
	}()
	select {
	case err := <-made:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(readLimit):
		t.Error("another cluster's client waits for the file that hangs")
	}
	if f := l.reader.read(pipe); !errors.Is(f.err, errHangs) {
		t.Errorf("the file is not the one that hangs, but %v", f.err)
	}
	writer, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
}

// The pod's files too are read by others, so that is done once: their rotation is up to
// client-go.
func TestAccountIsReadOnce(t *testing.T) {
	var calls int
	l := NewLoader(Options{Env: Env{
		Getenv: func(name string) string { return map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}[name] },
		InCluster: func() (*rest.Config, error) {
			if calls++; calls == 1 {
				return nil, fs.ErrNotExist
			}
			return &rest.Config{Host: "https://10.0.0.1"}, nil
		},
	}})
	for range 4 {
		l.Load()
	}
	if calls != 2 {
		t.Errorf("read %d times, want until it has been read", calls)
	}
}
