package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// arguments is a variable of the environment: with it, this test's binary is the plugin.
const arguments = "POD_COUNT_PLUGIN_ARGUMENTS"

// TestMain lets the tests start the plugin as a process of its own.
func TestMain(m *testing.M) {
	if line, isPlugin := os.LookupEnv(arguments); isPlugin {
		os.Args = append([]string{program}, strings.Fields(line)...)
		main()
	}
	os.Exit(m.Run())
}

// process is the plugin, yet to be started, on the desk's clusters.
func (d *desk) process(line string) *exec.Cmd {
	d.t.Helper()
	must(d.t, clientcmd.WriteToFile(*d.config, d.kubeconfig()))
	cmd := exec.CommandContext(d.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), arguments+"="+line, "KUBECONFIG="+d.kubeconfig(), "HOME="+d.dir, "XDG_CACHE_HOME="+d.dir, "TERM=xterm")
	return cmd
}

// TestProcessOnATerminal has a count of a slow cluster show its progress on a real
// terminal, and end by the key Ctrl-C.
func TestProcessOnATerminal(t *testing.T) {
	d := newDesk(t)
	d.add("production", func(c *kubesim.Config) { c.Pods, c.Latency = 3000, slowPage })
	master, terminal, shown := keyboard(t, 100, 20)
	cmd := d.process("--page-size=100")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // so that the terminal sends the signal
	must(t, cmd.Start())
	shown.await("page 2")
	if text := shown.String(); !strings.Contains(text, "production") || !strings.Contains(text, "100 pods") || !strings.Contains(text, "time left unknown") {
		t.Errorf("the bar is %q", text)
	}
	_, err := master.WriteString("\x03")
	must(t, err)
	exit := (*exec.ExitError)(nil)
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Errorf("after Ctrl-C: %v, want exit code %d", err, exitInterrupted)
	}
	shown.await("interrupted at page ")
	shown.await(" pods read")
}

// TestProcessInAPipe wants the table and nothing else.
func TestProcessInAPipe(t *testing.T) {
	d := newDesk(t)
	d.add("production", func(c *kubesim.Config) { c.Latency = slowPage })
	var stdout, stderr bytes.Buffer
	cmd := d.process("--page-size=10")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	must(t, cmd.Run())
	if !strings.HasPrefix(stdout.String(), "NODE ") || strings.ContainsAny(stdout.String(), "\x1b\r") || stderr.Len() > 0 {
		t.Errorf("in a pipe:\n%q\nstandard error:\n%q", stdout.String(), stderr.String())
	}
}

// slowPage is how long a page takes: long enough for the bar to be drawn.
func slowPage(_, _ int) time.Duration { return 500 * time.Millisecond }
