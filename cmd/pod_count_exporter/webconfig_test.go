package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

const (
	scrapePassword = "scrape-password"
	// scrapeHash is scrapePassword's bcrypt hash, at the lowest cost.
	scrapeHash = "$2a$04$EXHR.8wjHlKU0fkrql5isuP0JU1FrXMX4TzcLmvv/m91Loj3lSioK"
)

// certificate writes a key pair for 127.0.0.1 and returns the paths, and a
// client that trusts it.
func certificate(t *testing.T) (certFile, keyFile string, client *http.Client) {
	t.Helper()
	pair, caPEM, err := kubesim.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	var chain strings.Builder
	for _, der := range pair.Certificate {
		chain.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(caPEM) {
		t.Fatal("no certificate to trust")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	return write(t, "cert.pem", chain.String()), write(t, "key.pem", string(keyPEM)), &http.Client{Transport: transport}
}

func TestTLSAndBasicAuth(t *testing.T) {
	certFile, keyFile, client := certificate(t)
	config := write(t, "web.yml", fmt.Sprintf(`
tls_server_config: {cert_file: %q, key_file: %q}
basic_auth_users: {prometheus: %q}
`, certFile, keyFile, scrapeHash))
	e := start(t, "--kubeconfig="+serveSim(t), "--web.config.file="+config, "--web.listen-address=127.0.0.1:0")

	tests := []struct {
		name, user, password string
		status               int
	}{
		{"no user", "", "", http.StatusUnauthorized},
		{"wrong password", "prometheus", "guess", http.StatusUnauthorized},
		{"unknown user", "other", scrapePassword, http.StatusUnauthorized},
		{"right password", "prometheus", scrapePassword, http.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+e.address+"/metrics", nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.user != "" {
				req.SetBasicAuth(tt.user, tt.password)
			}
			status, body := do(t, client, req)
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			if shown := strings.Contains(body, "node_active_pods{"); shown != (tt.status == http.StatusOK) {
				t.Errorf("counts shown: %t", shown)
			}
		})
	}
	if status, _ := e.get(t, "/metrics"); status != http.StatusBadRequest {
		t.Errorf("plain HTTP is answered with status %d", status)
	}
}
