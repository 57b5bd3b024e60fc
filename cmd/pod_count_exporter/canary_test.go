package main

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/kubesim"
)

// pluginEnv makes the test binary a credential plugin that gives out its value.
const pluginEnv = "POD_COUNT_EXPORTER_TEST_TOKEN"

func TestMain(m *testing.M) {
	if halves := os.Getenv(pluginEnv); halves != "" {
		// The kubeconfig holds the token in two halves, so that it is known only
		// from what the plugin prints.
		fmt.Printf(`{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":%q}}`,
			strings.ReplaceAll(halves, " ", ""))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// login is a way to give credentials: the inside of a kubeconfig's cluster and
// user, and what no output may hold.
type login struct {
	name          string
	server        string // where the nasty answers come from
	cluster, user string
	secrets       []string
	unseen        bool // the server is not sent the secret, so it cannot quote it
}

// logins are all ways. Behind a proxy, the proxy gives the answers.
func logins(t *testing.T, plain, secure *httptest.Server) []login {
	t.Helper()
	tokenFile := write(t, "token", canary+"\n")
	plugin := fmt.Sprintf(`exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: Never, env: [{name: %s, value: %q}]}`,
		os.Args[0], pluginEnv, strings.Join(strings.Split(canary, ""), " "))
	withUser := strings.Replace(plain.URL, "http://", "http://alice:"+canary+"@", 1)
	keyUser, keyLines := clientKey(t)
	only := []string{canary}
	// client-go sends the user's credentials over TLS only.
	const trust = "insecure-skip-tls-verify: true"
	return []login{
		{name: "token", server: secure.URL, cluster: trust, user: "token: " + canary, secrets: only},
		{name: "token file", server: secure.URL, cluster: trust, user: fmt.Sprintf("tokenFile: %q", tokenFile), secrets: only},
		{name: "password", server: secure.URL, cluster: trust, user: "username: alice, password: " + canary, secrets: only},
		{name: "user in the server's URL", server: withUser, secrets: only},
		{name: "credential plugin", server: secure.URL, cluster: trust, user: plugin, secrets: only},
		{name: "user in the proxy's URL", server: "http://api.invalid", cluster: fmt.Sprintf("proxy-url: %q", withUser), secrets: only},
		{name: "user in the URL of a proxy that tunnels", server: "https://api.invalid", cluster: fmt.Sprintf("proxy-url: %q", withUser), secrets: only},
		{name: "client key", server: secure.URL, cluster: trust, user: keyUser, secrets: keyLines, unseen: true},
	}
}

// clientKey is a user with a key pair, and the lines of the key.
func clientKey(t *testing.T) (user string, secrets []string) {
	t.Helper()
	pair, _, err := kubesim.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	inFile := base64.StdEncoding.EncodeToString(key)
	user = fmt.Sprintf("client-certificate-data: %s, client-key-data: %s", base64.StdEncoding.EncodeToString(cert), inFile)
	lines := strings.Split(strings.TrimSpace(string(key)), "\n")
	return user, append(lines[1:len(lines)-1], inFile)
}

// kubeconfigOf has a context for each answer, which the path of its server
// asks for.
func (l login) kubeconfigOf(t *testing.T, answers []nastyAnswer) string {
	t.Helper()
	var clusters, contexts strings.Builder
	for _, a := range answers {
		server := l.server + "/" + a.path()
		more := l.cluster
		if a.server != "" {
			server = a.server
			more = regexp.MustCompile(`insecure[^,]*`).ReplaceAllString(more, "")
		}
		_, _ = fmt.Fprintf(&clusters, "- {name: %q, cluster: {server: %q, %s}}\n", a.name, server, more)
		_, _ = fmt.Fprintf(&contexts, "- {name: %q, context: {cluster: %q, user: u}}\n", a.name, a.name)
	}
	return write(t, "kubeconfig", fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters:\n%susers: [{name: u, user: {%s}}]\ncontexts:\n%s",
		&clusters, l.user, &contexts))
}

// Every way to give credentials meets every way of a server to misbehave with
// them: the failures are logged, the credentials are not.
func TestNoOutputHoldsASecret(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(answerNastily))
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(answerNastily))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for _, l := range logins(t, plain, secure) {
		t.Run(l.name, func(t *testing.T) { l.check(t, nastyAnswers(secure.URL)) })
	}
}

// check counts one cluster for each answer, and looks at everything that the
// program gives out.
func (l login) check(t *testing.T, answers []nastyAnswer) {
	var stdout strings.Builder
	sink, code := newLogSink(), make(chan int, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	args := []string{"--web.listen-address=127.0.0.1:0", "--log.level=debug", "--kubernetes.all-contexts",
		"--collector.page-attempts=2", "--kubeconfig=" + l.kubeconfigOf(t, answers)}
	go func() { code <- run(ctx, args, noEnv(), &stdout, sink) }()
	e := &exporter{address: sink.await(t, `msg="Listening on" address=(\S+)`)[1], log: sink, cancel: cancel, code: code}

	output := map[string]string{}
	for _, path := range []string{"/metrics", "/", "/-/ready", "/-/healthy"} {
		_, output[path] = e.get(t, path)
	}
	tunnels := strings.HasSuffix(l.name, "tunnels")
	for _, a := range answers {
		t.Run(a.name, func(t *testing.T) { l.checkLogged(t, sink, a, tunnels) })
	}
	// The log has the failures by now, so the API has them too.
	for _, path := range []string{"/metrics", "/sd", "/api/v1/clusters", "/api/v1/nodes?cluster=" + url.QueryEscape(answers[0].name)} {
		_, output[path+", later"] = e.get(t, path)
	}
	_, output["reload"] = request(t, http.DefaultClient, http.MethodPost, "http://"+e.address+"/-/reload")
	if !strings.Contains(output["/api/v1/clusters, later"], `"lastError":`) {
		t.Errorf("the API shows no error: %s", output["/api/v1/clusters, later"])
	}
	e.stop(t)
	output["standard error"], output["standard output"] = sink.String(), stdout.String()
	for place, text := range output {
		for _, secret := range l.secrets {
			if found := find(text, secret); found != "" {
				t.Errorf("%s holds a secret: %s", place, found)
			}
		}
	}
}

// checkLogged wants the failure in the log with its reason; behind a proxy that
// refuses to tunnel it is the same whatever the server would have said.
func (l login) checkLogged(t *testing.T, sink *logSink, a nastyAnswer, tunnels bool) {
	reason, quoted := a.reason, a.quoted
	if tunnels {
		reason, quoted = "network", true
	}
	pattern := fmt.Sprintf(`msg="Page failed: [^"]*" cluster="?%s"? [^\n]*reason=%s [^\n]*`, regexp.QuoteMeta(a.name), reason)
	line := sink.await(t, pattern)[0]
	if quoted && !l.unseen && !strings.Contains(line, "***") {
		t.Errorf("nothing was hidden, so the answer did not get there: %s", line)
	}
	if a.foreign && !tunnels {
		sink.await(t, `component=net/http [^\n]*msg="Unsolicited response`)
	}
}

// find returns the line of a text in which a secret stands, be it as it is or
// within something in base64.
func find(text, secret string) string {
	words := regexp.MustCompile(`[A-Za-z0-9+/_-]{8,}`)
	toStandard := strings.NewReplacer("-", "+", "_", "/")
	for line := range strings.Lines(text) {
		if strings.Contains(line, secret) {
			return line
		}
		for _, word := range words.FindAllString(line, -1) {
			for skip := range 4 {
				part := toStandard.Replace(word[skip:])
				if len(part)%4 == 1 { // no encoding ends so
					part = part[:len(part)-1]
				}
				if decoded, err := base64.RawStdEncoding.DecodeString(part); err == nil && strings.Contains(string(decoded), secret) {
					return line
				}
			}
		}
	}
	return ""
}

func TestFind(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	tests := []struct {
		name, text string
		found      bool
	}{
		{"nothing", "a line\nanother", false},
		{"in clear", "a line\nwith " + canary + " in it", true},
		{"base64", "x=" + encode([]byte(canary)), true},
		{"base64 behind one byte", "x=" + encode([]byte("1"+canary)), true},
		{"base64 behind two bytes", "x=" + encode([]byte("12"+canary+"  ")), true},
		{"base64 of something else", "x=" + encode([]byte("something else")), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := find(tt.text, canary); (got != "") != tt.found || !slices.Contains([]string{"", strings.TrimPrefix(tt.text, "a line\n")}, got) {
				t.Errorf("found %q", got)
			}
		})
	}
}
