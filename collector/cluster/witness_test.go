package cluster_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// awkward is a secret that no escaping leaves as it is.
const awkward = `pa"ss\w<r>d/~&é+` + canary

func TestRedactHidesKnownSecrets(t *testing.T) {
	quotedJSON, err := json.Marshal(awkward)
	if err != nil {
		t.Fatal(err)
	}
	c := load(t, kubeconfig(`server: "https://u:p4ss@h", proxy-url: "http://proxy-user:proxy-secret@p"`, "token: "+strconv.Quote(awkward)))
	tests := []struct {
		name, text, want string
	}{
		{"harmless", "connection refused", "connection refused"},
		{"as it is", "token " + awkward + " is wrong", "token *** is wrong"},
		{"twice", awkward + " " + awkward, "*** ***"},
		{"next to itself", awkward + awkward, "***"},
		{"in Go", fmt.Sprintf("token %q is wrong", awkward), `token "***" is wrong`},
		{"in JSON", string(quotedJSON), `"***"`},
		{"in HTML", "<b>" + html.EscapeString(awkward) + "</b>", "<b>***</b>"},
		{"in a query", "?t=" + url.QueryEscape(awkward) + "&x=1", "?t=***&x=1"},
		{"in a path", "/" + url.PathEscape(awkward) + "/", "/***/"},
		{"in a JSON pointer", "/metadata/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(awkward), "/metadata/***"},
		{"in base64", base64.StdEncoding.EncodeToString([]byte(awkward)) + ".", "***."},
		{"in base64 with something before it", base64.StdEncoding.EncodeToString([]byte("x" + awkward)), "eH***=="},
		{"in base64 for URLs", base64.RawURLEncoding.EncodeToString([]byte(awkward)), "***"},
		{"cut off", "token " + awkward[:len(awkward)-5], "token ***"},
		{"cut out of the middle", "token …" + canary[:9] + "…", "token …***…"},
		{"with soft hyphens", strings.Join(strings.Split(awkward, ""), "\u00ad"), "***"},
		{"short password", "p4ss!", "***!"},
		{"part of a short password", "p4s", "p4s"},
		{"proxy's user and password", "proxy-user or proxy-secret", "*** or ***"},
		{"of many MB", strings.Repeat("x", 1<<24) + awkward, strings.Repeat("x", 16<<10)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.Redact(tt.text); got != tt.want {
				t.Errorf("%.100q, want %.100q", got, tt.want)
			}
		})
	}
}

// A secret within a text in base64 can begin at any bit.
func TestRedactHidesSecretsWithinBase64(t *testing.T) {
	c := load(t, kubeconfig(`server: "https://h"`, "token: "+canary))
	for before := range 4 {
		for after := range 4 {
			text := strings.Repeat("b", before) + canary + strings.Repeat("a", after)
			rest := strings.Trim(strings.ReplaceAll(c.Redact(base64.StdEncoding.EncodeToString([]byte(text))), "***", ""), "=")
			// A character at either end may hold bits of both neighbours.
			if most := (before*8+5)/6 + (after*8+5)/6 + 1; len(rest) > most {
				t.Errorf("%d bytes before and %d after: %q is left, %d characters at most", before, after, rest, most)
			}
		}
	}
}

func TestRedactHidesWhatRequestsCarried(t *testing.T) {
	server, last, trust := lastRequest(t)
	path := filepath.Join(files(t, map[string]string{"token": ""}), "token")
	inCluster := fmt.Sprintf("server: %q, %s", server.URL, trust)
	tests := []struct {
		name, user string
		secrets    []string // one after the other; the last ones are remembered
		forgotten  int
	}{
		{"credential plugin", execUser("rotating "+path, ""), []string{"first-secret"}, 0},
		{"token file", fmt.Sprintf("tokenFile: %q", path), []string{"first-secret"}, 0},
		{"token file that rotates", fmt.Sprintf("tokenFile: %q", path), []string{"first-secret", "another-token"}, 0},
		{"token file that rotates often", fmt.Sprintf("tokenFile: %q", path), []string{"aaaaaaaaa", "bbbbbbbbb", "ccccccccc", "ddddddddd", "eeeeeeeee"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte("start"), 0o600); err != nil {
				t.Fatal(err)
			}
			c := load(t, kubeconfig(inCluster, tt.user))
			for _, secret := range tt.secrets {
				sendWith(t, c, path, secret)
				if got := last.Load().Header.Get("Authorization"); got != "Bearer "+secret {
					t.Fatalf("Authorization is %q", got)
				}
			}
			for i, secret := range tt.secrets {
				want := "said ***"
				if i < tt.forgotten {
					want = "said " + secret
				}
				if got := c.Redact("said " + secret); got != want {
					t.Errorf("%q, want %q", got, want)
				}
			}
		})
	}
}

// sendWith sends a request with a new client, which reads the file anew.
func sendWith(t *testing.T, c cluster.Cluster, path, secret string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := get(t.Context(), t, c); err != nil {
		t.Fatal(err)
	}
}

// What moveUser makes of a URL is a secret in whole: name, colon and password.
func TestRedactHidesBasicAuthorization(t *testing.T) {
	var said string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { said = r.Header.Get("Authorization") }))
	defer server.Close()
	c := load(t, kubeconfig(fmt.Sprintf("server: %q", strings.Replace(server.URL, "://", "://al:"+canary+"@", 1)), ""))
	if _, err := get(t.Context(), t, c); err != nil {
		t.Fatal(err)
	}
	if got := c.Redact(said); got != "Basic ***" && got != "Basic ***=" && got != "Basic ***==" {
		t.Errorf("%q of %q", got, said)
	}
}

func TestRedactHidesProxiesOfTheEnvironment(t *testing.T) {
	home := files(t, map[string]string{".kube/config": oneContext("https://h")})
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		t.Run(name, func(t *testing.T) {
			env := surroundings(map[string]string{name: "http://someone:proxy-secret@p:3128"}, home, nil)
			clusters, err := cluster.Load(cluster.Options{Env: env})
			if err != nil {
				t.Fatal(err)
			}
			if got := clusters[0].Redact("refused proxy-secret"); got != "refused ***" {
				t.Errorf("%q", got)
			}
		})
	}
}
