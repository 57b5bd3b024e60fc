package main

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

func pemOf(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// A snapshot outlives changes that keep the server the same, and no others.
func TestSnapshotIsOfOneServer(t *testing.T) {
	server := httptest.NewTLSServer(simulated(t))
	t.Cleanup(server.Close)
	authority := pemOf(server.Certificate())
	data := base64.StdEncoding.EncodeToString(authority)
	more := base64.StdEncoding.EncodeToString(append([]byte("# another\n"), authority...))
	const deleted = "token: deleted" // stands for a user that is not there
	trusted := at(server.URL) + ", certificate-authority-data: " + data
	for _, tt := range []struct {
		name, cluster, user string
		keeps               bool
	}{
		{"another user", trusted, "token: other", true},
		{"a user that cannot be used", trusted, "auth-provider: {name: gcp}", true},
		{"the authority in a file", at(server.URL) + fmt.Sprintf(", certificate-authority: %q", write(t, "ca.crt", string(authority))), "token: x", true},
		{"an authority that is gone", at(server.URL) + ", certificate-authority: gone.crt", "token: x", true},
		{"an authority that is cut off", at(server.URL) + ", certificate-authority-data: " + base64.StdEncoding.EncodeToString(authority[:len(authority)/2]), "token: x", true},
		{"another server, and an authority that is cut off", at("https://127.0.0.1:1") + fmt.Sprintf(", certificate-authority: %q", write(t, "cut.crt", string(authority[:len(authority)/2]))), "token: x", false},
		{"another server", at("https://127.0.0.1:1") + ", certificate-authority-data: " + data, "token: x", false},
		{"another server, and an authority that is gone", at("https://127.0.0.1:1") + ", certificate-authority: gone.crt", "token: x", false},
		{"another server, and a user that cannot be used", at("https://127.0.0.1:1") + ", certificate-authority-data: " + data, "auth-provider: {name: gcp}", false},
		{"another server, and a user that is deleted", at("https://127.0.0.1:1") + ", certificate-authority-data: " + data, deleted, false},
		{"a user that is deleted", trusted, deleted, true},
		{"a proxy", trusted + `, proxy-url: "http://127.0.0.1:1"`, "token: x", false},
		{"another name in the certificate", trusted + ", tls-server-name: other.example", "token: x", false},
		{"another authority", at(server.URL) + ", certificate-authority-data: " + more, "token: x", false},
		{"no authority", at(server.URL), "token: x", false},
		{"an authority that is left empty", at(server.URL) + `, certificate-authority-data: ""`, "token: x", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, "kubeconfig", contextOf("a", trusted, "token: x"))
			e := start(t, "--kubeconfig="+path, "--collector.page-attempts=1")
			before := sample(e.await(t, "/metrics", `pod_count_success{cluster="a"} 1`), `pod_count_last_success_timestamp_seconds{cluster="a"}`)
			after := contextOf("a", tt.cluster, tt.user)
			if tt.user == deleted {
				after = strings.Replace(after, "users: [{name: u,", "users: [{name: other,", 1)
			}
			put(t, path, after)
			e.reload(t, http.StatusOK, "reloaded")
			_, body := e.get(t, "/metrics")
			if after := sample(body, `pod_count_last_success_timestamp_seconds{cluster="a"}`); (after == before) != tt.keeps {
				t.Errorf("the last success was at %s, and is at %s after the reload", before, after)
			}
		})
	}
}

// A cluster that cannot be used may have become another one meanwhile.
func TestServerChangesAmidAFault(t *testing.T) {
	server := httptest.NewTLSServer(simulated(t))
	t.Cleanup(server.Close)
	own := string(pemOf(server.Certificate()))
	authority, token := write(t, "ca.crt", own), write(t, "token", "x")
	path := write(t, "kubeconfig", contextOf("a", at(server.URL)+fmt.Sprintf(", certificate-authority: %q", authority), fmt.Sprintf("tokenFile: %q", token)))
	e := start(t, "--kubeconfig="+path)
	e.await(t, "/metrics", `pod_count_success{cluster="a"} 1`)
	shown := func() bool {
		e.reload(t, http.StatusOK, "reloaded")
		_, body := e.get(t, "/metrics")
		return strings.Contains(body, `node_active_pods{cluster="a"`)
	}
	if err := os.Remove(token); err != nil {
		t.Fatal(err)
	}
	if !shown() {
		t.Error("the snapshot does not outlive a token file that is gone")
	}
	put(t, authority, "# another\n"+own)
	if shown() {
		t.Error("the snapshot of another server is shown")
	}
}

// While the file of a certificate authority is being written, the server is the one before.
func TestAuthorityThatIsBeingWritten(t *testing.T) {
	server := httptest.NewTLSServer(simulated(t))
	t.Cleanup(server.Close)
	whole := string(pemOf(server.Certificate()))
	half := whole[:len(whole)/2]
	for _, tt := range []struct {
		name, before, amid, after string
		usable                    bool // amid
		keeps                     bool // after
	}{
		{"nothing", whole, "", whole, false, true},
		{"blanks", whole, "\n\n", whole, false, true},
		{"half a certificate", whole, half, whole, false, true},
		{"all but its last line", whole, strings.TrimSuffix(whole, "-----END CERTIFICATE-----\n"), whole, false, true},
		{"a second one that is cut off", whole + whole, whole + half, whole + whole, true, true},
		{"a second one whose last line is cut off", whole + whole, whole + whole[:len(whole)-9], whole + whole, true, true},
		{"half of another one", whole, half, "# another\n" + whole, false, false},
		{"a second one that is another", whole, whole + half, whole + whole, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			authority := write(t, "ca.crt", tt.before)
			path := write(t, "kubeconfig", contextOf("a", at(server.URL)+fmt.Sprintf(", certificate-authority: %q", authority), "token: x"))
			e := start(t, "--kubeconfig="+path)
			first := sample(e.await(t, "/metrics", `pod_count_success{cluster="a"} 1`), `pod_count_last_success_timestamp_seconds{cluster="a"}`)
			keeps := func(content string) (body string, same bool) {
				put(t, authority, content)
				e.reload(t, http.StatusOK, "reloaded")
				_, body = e.get(t, "/metrics")
				return body, sample(body, `pod_count_last_success_timestamp_seconds{cluster="a"}`) == first
			}
			body, same := keeps(tt.amid)
			if !same || !strings.Contains(body, `node_active_pods{cluster="a"`) {
				t.Error("meanwhile, the last complete count is not shown")
			}
			if usable := strings.Contains(body, "pod_count_config_invalid_contexts 0"); usable != tt.usable {
				t.Errorf("meanwhile, it can be used: %t, want %t", usable, tt.usable)
			}
			if _, same := keeps(tt.after); same != tt.keeps {
				t.Errorf("then, the last complete count stays: %t, want %t", same, tt.keeps)
			}
		})
	}
}
