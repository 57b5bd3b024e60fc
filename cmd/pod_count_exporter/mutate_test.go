package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
)

// mutated is a kubeconfig as a person may break it.
type mutated struct {
	random *rand.Rand
	lines  []string
}

// secretFields are the fields in which the mutations put a secret. Those of a cluster
// are here too, except its address and its name, which are shown.
const secretFields = `token tokenFile username password client-certificate client-certificate-data client-key
client-key-data as as-uid certificate-authority certificate-authority-data proxy-url apiVersion command installHint
interactiveMode name`

// wholeKubeconfig has every field that a user can have; a few contain secrets.
func wholeKubeconfig(server, tokenFile string) string {
	key := base64.StdEncoding.EncodeToString([]byte(canary))
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: NAME
clusters:
- name: c
  cluster:
    server: %[1]q
    insecure-skip-tls-verify: true
    proxy-url: ""
users:
- name: u
  user:
    token: %[2]s
- name: file
  user:
    tokenFile: %[3]q
- name: basic
  user:
    username: alice
    password: %[2]s
- name: key
  user:
    client-certificate-data: %[4]s
    client-key-data: %[4]s
- name: plugin
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: /nonexistent/%[2]s
      installHint: ask for %[2]s
      interactiveMode: Never
      args:
      - %[2]s
      env:
      - name: A
        value: %[2]s
- name: provider
  user:
    auth-provider:
      name: gcp
      config:
        access-token: %[2]s
- name: other
  user:
    token: %[2]s
    as: %[2]s
    as-user-extra:
      scopes:
      - %[2]s
contexts:
- name: NAME
  context:
    cluster: c
    user: u
`, server, canary, tokenFile, key)
}

// mutate breaks one thing, and sometimes a second.
func (m *mutated) mutate() string {
	steps := []func(){m.user, m.move, m.rename, m.drop, m.double, m.indent, m.character, m.kind, m.cut}
	m.user()
	for again := true; again; again = m.random.IntN(3) == 0 {
		steps[m.random.IntN(len(steps))]()
	}
	return strings.Join(m.lines, "\n")
}

// any gives the index of a line that fits, of the first line if none does.
func (m *mutated) any(fits func(string) bool) int {
	var all []int
	for i, line := range m.lines {
		if fits(line) {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return 0
	}
	return all[m.random.IntN(len(all))]
}

func (m *mutated) secret() int {
	return m.use(m.any(func(line string) bool { return strings.Contains(line, canary) }))
}

// use makes the context one of the user in whose entry line i is.
func (m *mutated) use(i int) int {
	for _, line := range slices.Backward(m.lines[:i]) {
		if name, entry := strings.CutPrefix(line, "- name: "); entry && name != "c" {
			m.lines[m.any(func(line string) bool { return strings.HasPrefix(line, "    user: ") })] = "    user: " + name
			break
		}
	}
	return i
}

// user makes the context one of another user.
func (m *mutated) user() {
	users := strings.Fields("u file basic key plugin provider other gone")
	i := m.any(func(line string) bool { return strings.HasPrefix(line, "    user: ") })
	m.lines[i] = "    user: " + users[m.random.IntN(len(users))]
}

// move puts a secret in place of another field's value.
func (m *mutated) move() {
	i := m.use(m.any(func(line string) bool {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		return value != "" && slices.Contains(strings.Fields(secretFields), key)
	}))
	key, _, _ := strings.Cut(m.lines[i], ": ")
	values := []string{canary, "|\n        " + canary + "\n        " + canary, "http://" + canary + "@127.0.0.1:1", "/tmp/" + canary, base64.StdEncoding.EncodeToString([]byte(canary))}
	m.lines[i] = key + ": " + values[m.random.IntN(len(values))]
}

// rename gives a secret to another field.
func (m *mutated) rename() {
	i := m.secret()
	fields := strings.Fields(secretFields)
	key, value, _ := strings.Cut(m.lines[i], ": ")
	indent := len(key) - len(strings.TrimLeft(key, " "))
	m.lines[i] = key[:indent] + fields[m.random.IntN(len(fields)-1)] + ": " + value // not name: names are shown
}

func (m *mutated) drop() {
	i := m.random.IntN(len(m.lines))
	m.lines = slices.Delete(m.lines, i, i+1)
}

func (m *mutated) double() {
	i := m.random.IntN(len(m.lines))
	m.lines = slices.Insert(m.lines, i, m.lines[i])
}

func (m *mutated) indent() {
	i := m.random.IntN(len(m.lines))
	m.lines[i] = strings.Repeat(" ", m.random.IntN(6)) + strings.TrimLeft(m.lines[i], " ")
}

// character inserts a character with a meaning in YAML into a line, or removes one.
func (m *mutated) character() {
	i := m.random.IntN(len(m.lines))
	line := m.lines[i]
	at := m.random.IntN(len(line) + 1)
	if at < len(line) && m.random.IntN(3) == 0 {
		m.lines[i] = line[:at] + line[at+1:]
		return
	}
	const special = "\"'{}[]:#&*!|>%@`-\t\x00\xff"
	char := m.random.IntN(len(special))
	m.lines[i] = line[:at] + special[char:char+1] + line[at:]
}

// kind turns a secret into a list, an object or a number.
func (m *mutated) kind() {
	i := m.secret()
	key, value, found := strings.Cut(m.lines[i], ": ")
	if found {
		m.lines[i] = key + ": " + []string{"[" + value + "]", "{a: " + value + "}", "!!binary " + value, "*" + value, "!" + value, "9" + value}[m.random.IntN(6)]
	}
}

// cut ends the file within a line.
func (m *mutated) cut() {
	i := 1 + m.random.IntN(len(m.lines)-1)
	m.lines = m.lines[:i+1]
	m.lines[i] = m.lines[i][:m.random.IntN(len(m.lines[i])+1)]
}

// However a kubeconfig is broken, it is refused, or its clusters fail, without
// quoting anything of it. The server echoes all that it is sent.
func TestMutatedKubeconfigsHoldTheirSecrets(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inStatus(http.StatusForbidden)(w, fmt.Sprintf("%s %q", saidBy(r), r.Header))
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	whole := wholeKubeconfig(server.URL, write(t, "token", canary))
	path := write(t, "kubeconfig", strings.ReplaceAll(whole, "NAME", "sim"))
	e := start(t, "--log.level=debug", "--collector.page-attempts=1", "--collector.page-timeout=2s", "--kubeconfig="+path)

	taken, refused := 0, 0
	for seed := range uint64(2000) {
		m := &mutated{random: rand.New(rand.NewPCG(seed, 1)), lines: strings.Split(whole, "\n")}
		name := fmt.Sprint("sim-", seed) // which has not failed yet, so that it is counted at once
		content := strings.ReplaceAll(m.mutate(), "NAME", name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		status, answer := request(t, http.DefaultClient, http.MethodPost, "http://"+e.address+"/-/reload")
		if status == http.StatusOK {
			taken++
			_, counted := e.get(t, "/api/v1/nodes?fresh=true&cluster="+name)
			answer += counted
		} else {
			refused++
		}
		if found := find(answer, canary); found != "" {
			t.Errorf("seed %d: the answer holds a secret: %s\n%s", seed, found, content)
		}
		if seed%100 == 0 {
			for _, path := range []string{"/", "/cluster?name=" + name, "/metrics", "/sd", "/api/v1/clusters", "/api/v1/nodes?cluster=" + name} {
				if _, text := e.get(t, path); find(text, canary) != "" {
					t.Errorf("seed %d: %s holds a secret: %s", seed, path, find(text, canary))
				}
			}
		}
	}
	e.stop(t)
	if found := find(e.log.String(), canary); found != "" {
		t.Errorf("the log holds a secret: %s", found)
	}
	if hidden := strings.Count(e.log.String(), "***"); taken < 200 || refused < 200 || hidden < 200 {
		t.Errorf("%d kubeconfigs were taken, %d refused, and %d texts hidden: too few to mean much", taken, refused, hidden)
	}
}
