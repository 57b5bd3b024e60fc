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
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// pluginEnv makes the test binary a credential plugin that prints its value.
const pluginEnv = "POD_COUNT_EXPORTER_TEST_TOKEN"

// pluginSaysEnv makes it one that fails and prints its value.
const pluginSaysEnv = "POD_COUNT_EXPORTER_TEST_SAYS"

func TestMain(m *testing.M) {
	if name := os.Getenv(pluginSaysEnv); name != "" {
		fmt.Println(canary) // where the credentials belong
		fmt.Fprintf(os.Stderr, "starting\n%s: login has expired\n", name)
		os.Exit(1)
	}
	if halves := os.Getenv(pluginEnv); halves != "" {
		// The kubeconfig holds the token in two halves, so that the whole token is
		// known only from what the plugin prints.
		fmt.Printf(`{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":%q}}`,
			strings.ReplaceAll(halves, " ", ""))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// login is a way to give credentials: the content of a kubeconfig's cluster and user,
// and what no output may contain.
type login struct {
	name          string
	server        string // where the nasty answers come from
	cluster, user string
	secrets       []string
	unseen        bool // the server is not sent the secret, so it cannot quote it
}

// logins are all ways, each with its own secret. Behind a proxy, the proxy answers.
func logins(t *testing.T, plain, secure *httptest.Server, secret string) []login {
	t.Helper()
	tokenFile := write(t, "token", secret+"\n")
	plugin := fmt.Sprintf(`exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: Never, args: [%q], env: [{name: %s, value: %q}]}`,
		os.Args[0], t.TempDir(), pluginEnv, strings.Join(strings.Split(secret, ""), " "))
	withUser := strings.Replace(plain.URL, "http://", "http://alice:"+secret+"@", 1)
	withToken := strings.Replace(plain.URL, "http://", "http://"+secret+"@", 1)
	keyUser, keyLines := clientKey(t)
	basic := []string{secret, base64.StdEncoding.EncodeToString([]byte("alice:" + secret))}
	asUser := []string{secret, base64.StdEncoding.EncodeToString([]byte(secret + ":"))}
	only := []string{secret}
	// client-go sends the user's credentials over TLS only.
	const trust = "insecure-skip-tls-verify: true"
	return []login{
		{name: "token", server: secure.URL, cluster: trust, user: "token: " + secret, secrets: only},
		{name: "token file", server: secure.URL, cluster: trust, user: fmt.Sprintf("tokenFile: %q", tokenFile), secrets: only},
		{name: "password", server: secure.URL, cluster: trust, user: "username: alice, password: " + secret, secrets: basic},
		{name: "user in the server's URL", server: withUser, secrets: basic},
		{name: "token in the server's URL", server: withToken, secrets: asUser},
		{name: "credential plugin", server: secure.URL, cluster: trust, user: plugin, secrets: only},
		{name: "user in the proxy's URL", server: "http://api.invalid", cluster: fmt.Sprintf("proxy-url: %q", withUser), secrets: basic},
		{name: "token in the proxy's URL", server: "http://api.invalid", cluster: fmt.Sprintf("proxy-url: %q", withToken), secrets: asUser},
		{name: "user in the URL of a proxy that tunnels", server: "https://api.invalid", cluster: fmt.Sprintf("proxy-url: %q", withUser), secrets: basic},
		{name: "impersonation", server: secure.URL, cluster: trust, user: "token: some-token, as: " + secret, secrets: only},
		{name: "OIDC", server: secure.URL, cluster: trust, user: oidcUser("https://issuer.invalid", idToken(time.Now().Add(time.Hour), secret), "unused-"+secret), secrets: only},
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

// kubeconfigOf has a context for each answer, which the path of its server requests.
// Each generation has its own names.
func (l login) kubeconfigOf(answers []nastyAnswer, generation int) string {
	var clusters, contexts strings.Builder
	for _, a := range answers {
		server := l.server + "/" + a.path()
		more := l.cluster
		if a.server != "" {
			server = a.server
			more = regexp.MustCompile(`insecure[^,]*`).ReplaceAllString(more, "")
		}
		if a.foreign { // connections of its own, or what was not asked for would be another's answer
			more = strings.TrimPrefix(more+", tls-server-name: foreign", ", ")
		}
		_, _ = fmt.Fprintf(&clusters, "- {name: %q, cluster: {server: %q, %s}}\n", a.name, server, more)
		_, _ = fmt.Fprintf(&contexts, "- {name: %q, context: {cluster: %q, user: u}}\n", a.contextOf(generation), a.name)
	}
	return fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters:\n%susers: [{name: u, user: {%s}}]\ncontexts:\n%s",
		&clusters, l.user, &contexts)
}

func (a nastyAnswer) contextOf(generation int) string {
	return fmt.Sprintf("%s, %d", a.name, generation)
}

// reloads are made with other credentials each.
const reloads = 5

// Every way to give credentials meets every way in which a server can misuse them,
// through reloads that change them: the failures are logged, the credentials are not.
func TestNoOutputHoldsASecret(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(answerNastily))
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(answerNastily))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	var generations [][]login
	for generation := range 1 + reloads {
		generations = append(generations, logins(t, plain, secure, fmt.Sprintf("%s-%d", canary, generation)))
	}
	foreign := 0
	for i, l := range generations[0] {
		var same []login
		for _, generation := range generations {
			same = append(same, generation[i])
		}
		t.Run(l.name, func(t *testing.T) {
			log := check(t, same, nastyAnswers(secure.URL))
			foreign += len(regexp.MustCompile(`msg="Unsolicited response[^\n]* component=net/http`).FindAllString(log, -1))
		})
	}
	// net/http says nothing if it gave the connection up before what follows came.
	if foreign < len(generations) {
		t.Errorf("%d unsolicited responses were logged, fewer than there are generations", foreign)
	}
}

// check counts one cluster for each answer in each generation of a login, and
// searches all output of the program, of which it returns the log.
func check(t *testing.T, generations []login, answers []nastyAnswer) string {
	var stdout strings.Builder
	sink, code := newLogSink(), make(chan int, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	path := write(t, "kubeconfig", generations[0].kubeconfigOf(answers, 0))
	args := []string{"--web.listen-address=127.0.0.1:0", "--log.level=debug", "--kubernetes.all-contexts",
		"--collector.page-attempts=1", "--collector.concurrency=50", "--kubeconfig=" + path}
	go func() { code <- run(ctx, args, noEnv(), &stdout, sink) }()
	e := &exporter{address: sink.await(t, `msg="Listening on" address=(\S+)`)[1], log: sink, cancel: cancel, code: code}

	output := map[string]string{}
	for _, path := range []string{"/-/ready", "/-/healthy"} {
		_, output[path] = e.get(t, path)
	}
	for generation, l := range generations {
		if generation > 0 {
			if err := os.WriteFile(path, []byte(l.kubeconfigOf(answers, generation)), 0o600); err != nil {
				t.Fatal(err)
			}
			status, text := request(t, http.DefaultClient, http.MethodPost, "http://"+e.address+"/-/reload")
			if output[fmt.Sprint("reload ", generation)] = text; status != http.StatusOK {
				t.Fatalf("reload %d: %s", generation, text)
			}
		}
		for _, a := range answers {
			l.checkLogged(t, sink, a, a.contextOf(generation))
		}
		// The log has the failures by now, so the API has them too.
		for _, path := range []string{"/", "/cluster?name=" + url.QueryEscape(answers[0].contextOf(generation)), "/metrics", "/sd", "/api/v1/clusters", "/api/v1/nodes?cluster=" + url.QueryEscape(answers[0].contextOf(generation))} {
			_, output[fmt.Sprint(path, ", ", generation)] = e.get(t, path)
		}
	}
	if text := output["/api/v1/clusters, 0"]; !strings.Contains(text, `"lastError":`) {
		t.Errorf("the API shows no error: %s", text)
	}
	e.stop(t)
	output["standard error"], output["standard output"] = sink.String(), stdout.String()
	for place, text := range output {
		for _, l := range generations {
			for _, secret := range l.secrets {
				if found := find(text, secret); found != "" {
					t.Errorf("%s holds a secret: %s", place, found)
				}
			}
		}
	}
	return sink.String()
}

// checkLogged requires the failure in the log with its reason. Behind a proxy that
// refuses to tunnel, the reason is the same for every answer.
func (l login) checkLogged(t *testing.T, sink *logSink, a nastyAnswer, name string) {
	t.Helper()
	reason, tunnels := a.reason, strings.HasSuffix(l.name, "tunnels")
	if tunnels {
		reason = "network"
	}
	pattern := fmt.Sprintf(`msg="Page failed: [^"]*" cluster="%s" [^\n]*reason=%s [^\n]*`, regexp.QuoteMeta(name), reason)
	line := sink.await(t, pattern)[0]
	switch {
	case l.unseen:
	case (a.quoted || tunnels) && !strings.Contains(line, "***"):
		t.Errorf("nothing was hidden, so the answer did not get there: %s", line)
	case a.refused && !tunnels && !strings.Contains(line, "has a credential of the request in place of"):
		t.Errorf("the answer was not refused for its credential: %s", line)
	}
}

// find returns the line of a text that contains a secret.
func find(text, secret string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, secret) {
			return line
		}
	}
	return ""
}
