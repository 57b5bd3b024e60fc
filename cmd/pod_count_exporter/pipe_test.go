package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The output of a process substitution is read once, and kept.
func TestKubeconfigFromProcessSubstitution(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	good := contextOf("a", at(server.URL), "")
	for _, place := range []string{"flag", "variable", "part of the variable"} {
		t.Run(place, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = r.Close() })
			path := fmt.Sprint("/dev/fd/", r.Fd())
			content, env, args := good, kubeconfigVariable(path), []string{}
			switch place {
			case "flag":
				env, args = noEnv(), []string{"--kubeconfig=" + path}
			case "part of the variable":
				env, content = kubeconfigVariable(write(t, "contexts", good)+":"+path), "apiVersion: v1\nkind: Config\nusers: [{name: other, user: {}}]\n"
			}
			if _, err := w.WriteString(content); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			e := startIn(t, env, args...)
			e.wantClusters(t, "1", "a")
			for range 3 {
				e.reload(t, http.StatusOK, "reloaded")
				e.wantClusters(t, "1", "a")
			}
		})
	}
}

// A named pipe without a writer is reported, and waited for together with everything
// else.
func TestNamedPipeBlocksNothing(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	good := write(t, "good", contextOf("a", at(server.URL), ""))
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{"flag", "variable"} {
		t.Run(place, func(t *testing.T) {
			env, args := noEnv(), []string{"--kubeconfig=" + pipe, "--kubeconfig=" + good}
			want := []string{"a", "b"}
			if place == "variable" {
				env, args = kubeconfigVariable(pipe+":"+good), []string{"--kubernetes.all-contexts"}
			}
			e := startIn(t, env, args...)
			e.wantClusters(t, "0", "a")
			for range 3 {
				e.reload(t, http.StatusInternalServerError, pipe)
			}
			writer, err := os.OpenFile(pipe, os.O_WRONLY, 0) // which waits for the reader
			if err != nil {
				t.Fatal(err)
			}
			if _, err := writer.WriteString(contextOf("b", at(server.URL), "")); err != nil {
				t.Fatal(err)
			}
			if err := writer.Close(); err != nil {
				t.Fatal(err)
			}
			e.await(t, "/metrics", `pod_count_success{cluster="b"} 1`)
			e.reload(t, http.StatusOK, "reloaded")
			e.wantClusters(t, "1", want...)
		})
	}
}

// A path that was a pipe without a writer is read again when it is something else.
func TestWhatTakesThePlaceOfAPipe(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	content := contextOf("b", at(server.URL), "")
	good := write(t, "good", contextOf("a", at(server.URL), ""))
	for _, tt := range []struct {
		name, variable string
		dir            bool
	}{
		{name: "file"}, {name: "file of the variable", variable: ":" + good}, {name: "directory", dir: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
			env, args := noEnv(), []string{"--kubeconfig=" + path, "--kubeconfig=" + good}
			if tt.variable != "" {
				env, args = kubeconfigVariable(path+tt.variable), []string{"--kubernetes.all-contexts"}
			}
			e := startIn(t, env, args...)
			e.wantClusters(t, "0", "a")
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if file := path; tt.dir {
				if err := os.Mkdir(path, 0o700); err != nil {
					t.Fatal(err)
				}
				put(t, filepath.Join(file, "b"), content)
			} else {
				put(t, path, content)
			}
			e.await(t, "/metrics", `pod_count_success{cluster="b"} 1`)
			e.reload(t, http.StatusOK, "reloaded")
			e.wantClusters(t, "1", "a", "b")
		})
	}
}

// Whatever replaces a pipe that was read is read in its turn.
func TestWhatTakesThePlaceOfAPipeThatWasRead(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	into(pipe, contextOf("a", at(server.URL), ""))
	e := start(t, "--kubeconfig="+pipe)
	e.reload(t, http.StatusOK, "reloaded")
	if err := os.Remove(pipe); err != nil {
		t.Fatal(err)
	}
	e.reload(t, http.StatusOK, "reloaded")
	e.wantClusters(t, "1", "a")
	put(t, pipe, "contexts: [")
	e.reload(t, http.StatusInternalServerError, "not a valid kubeconfig")
	e.wantClusters(t, "0", "a")
	put(t, pipe, contextOf("b", at(server.URL), ""))
	e.reload(t, http.StatusOK, "reloaded")
	e.wantClusters(t, "1", "b")
}

// into writes to a pipe when somebody reads it.
func into(pipe, content string) {
	go func() { _ = os.WriteFile(pipe, []byte(content), 0o600) }() // the test fails without
}

// An error in the content of a pipe is reported until something else comes.
func TestPipeWithAFault(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	into(pipe, "contexts: [")
	e := start(t, "--kubeconfig="+pipe, "--kubeconfig="+write(t, "good", contextOf("a", at(server.URL), "")))
	for range 2 {
		e.reload(t, http.StatusInternalServerError, "not a valid kubeconfig")
	}
	into(pipe, contextOf("b", at(server.URL), ""))
	e.await(t, "/metrics", `pod_count_success{cluster="b"} 1`)
}

// As in --kubeconfig=<(sleep 3; cat kubeconfig).
func TestPipeWithASlowWriter(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	time.AfterFunc(3*time.Second, func() {
		_, _ = w.WriteString(contextOf("a", at(server.URL), "")) // the test fails without
		_ = w.Close()
	})
	e := start(t, fmt.Sprint("--kubeconfig=/dev/fd/", r.Fd()))
	e.wantClusters(t, "1", "a")
}

// A start that waits for a pipe ends when it is cancelled.
func TestStopWhileWaitingForAPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	var stderr strings.Builder
	code := make(chan int)
	began := time.Now()
	go func() {
		code <- run(ctx, []string{fmt.Sprint("--kubeconfig=/dev/fd/", r.Fd())}, noEnv(), io.Discard, &stderr)
	}()
	cancel()
	if got := <-code; got != exitOK || stderr.String() != "" {
		t.Errorf("exit code %d: %s", got, &stderr)
	}
	if took := time.Since(began); took >= pipeLimit {
		t.Errorf("took %s", took)
	}
}

// A command that fails leaves a pipe with nothing in it.
func TestPipeWithNothingInIt(t *testing.T) {
	contains(t, refuse(t, exitFailed, "--kubeconfig="+os.DevNull), []string{os.DevNull, "nothing came out of it"})
}

// A kubeconfig may come before its certificate authority.
func TestAuthorityThatComesLate(t *testing.T) {
	server := httptest.NewTLSServer(simulated(t))
	t.Cleanup(server.Close)
	authority := filepath.Join(t.TempDir(), "ca.crt")
	dir := directory(t, map[string]string{
		"good": contextOf("good", at(server.URL)+", insecure-skip-tls-verify: true", ""),
		"late": contextOf("late", at(server.URL)+fmt.Sprintf(", certificate-authority: %q", authority), ""),
	})
	e := start(t, "--kubeconfig="+dir)
	if reason, text := e.lastError(t, "late"); reason != "config" {
		t.Errorf("the API says %q: %s", reason, text)
	}
	put(t, authority, string(pemOf(server.Certificate())))
	body := e.await(t, "/metrics", `pod_count_success{cluster="late"} 1`)
	if invalid := sample(body, "pod_count_config_invalid_contexts"); invalid != "0" {
		t.Errorf("%s invalid contexts", invalid)
	}
}
