package docs

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is when a test gives up. A first build on a busy machine takes minutes.
const patience = 10 * time.Minute

// tools skips the test where a program is missing, and fails it in CI.
func tools(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("README's commands need %s: %v", program, err)
			}
			t.Skipf("README's commands need %s: %v", program, err)
		}
	}
}

// output is what a program writes, to wait on.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{}
	ended   chan struct{} // closed when the program has ended and all is written
}

// Write wakes whoever waits.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.written <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

// String is all there is so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await returns what pattern's group matches, as soon as it does.
func (o *output) await(t *testing.T, pattern string) string {
	t.Helper()
	giveUp := time.After(patience)
	for ended := false; ; {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(o.String()); m != nil {
			return m[len(m)-1]
		}
		if ended {
			t.Fatalf("the program ended without %q:\n%s", pattern, o)
		}
		select {
		case <-o.written:
		case <-o.ended:
			ended = true
		case <-giveUp:
			t.Fatalf("no %q in\n%s", pattern, o)
		}
	}
}

// background runs a line in a shell until the test ends, as Ctrl-C ends it.
func background(t *testing.T, dir string, env []string, line string) *output {
	t.Helper()
	out := &output{written: make(chan struct{}, 1), ended: make(chan struct{})}
	cmd := exec.Command("bash", "-c", line)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Minute
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // its output says why it did not end well
		close(out.ended)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) // it may have ended
		<-out.ended
	})
	return out
}

// foreground returns what a line prints, and wants it to succeed.
func foreground(t *testing.T, dir string, env []string, line string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-o", "pipefail", "-c", line)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			out = append(out, exit.Stderr...)
		}
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// runs is "make run" and what is said to be seen then.
func runs(t *testing.T, at *place, line string) {
	port := freePort(t)
	plugin := filepath.Join(at.dir, "bin", "kubectl-pod_count")
	_, missing := os.Stat(plugin)
	out := background(t, at.dir, append(at.env, "PORT="+port), line)
	out.await(t, "Ctrl-C stops both programs")
	if _, err := os.Stat(plugin); err == nil && missing != nil {
		t.Errorf("%s compiles the plugin, which it does not need", line)
	}
	out.await(t, "Successfully enriched nodes")
	blocks := parse(t, "README.md").blocks
	wantLines(t, blocks[1].text, strings.ReplaceAll(out.String(), port, "10120"))
	shown := foreground(t, at.dir, at.env, strings.ReplaceAll(blocks[2].text, "10120", port))
	wantLines(t, strings.TrimSuffix(blocks[3].text, "\n..."), shown)
	sum := regexp.MustCompile(`curl .* \| awk .*`).FindString(out.String())
	if got := strings.TrimSpace(foreground(t, at.dir, at.env, sum)); got != "104 nodes, 9842 pods" {
		t.Errorf("the sum is %q", got)
	}
}

// wantLines wants each line in the output, save for what is another each time.
func wantLines(t *testing.T, lines, output string) {
	t.Helper()
	output = timeless(output)
	for line := range strings.SplitSeq(timeless(lines), "\n") {
		if !strings.Contains(output, line) {
			t.Errorf("README has %q, which is not in\n%s", line, output)
		}
	}
}

func timeless(text string) string {
	return regexp.MustCompile(`\b(ts|pages|duration|bytes)=\S+`).ReplaceAllString(text, "$1=…")
}

func builds(t *testing.T, at *place, line string) { foreground(t, at.source, at.env, line) }

func serves(t *testing.T, at *place, line string) {
	out := background(t, at.dir, append(at.env, "HOME="+at.home, "POD_COUNT_EXPORTER_WEB_LISTEN_ADDRESS=127.0.0.1:0"), "exec "+line)
	address := out.await(t, `msg="Listening on".* address=(\S+)`)
	out.await(t, "Completed paginated pod count.*active_pods=(25)")
	if text := foreground(t, at.dir, at.env, "curl -sf http://"+address+"/metrics"); !strings.Contains(text, `pod_count_success{cluster="readme"} 1`) {
		t.Errorf("/metrics has no success:\n%s", text)
	}
}

func summarizes(t *testing.T, at *place, line string) {
	if text := foreground(t, at.dir, append(at.env, "HOME="+at.home), line); !strings.Contains(text, "25") {
		t.Errorf("the summary does not have the 25 pods:\n%s", text)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
}
