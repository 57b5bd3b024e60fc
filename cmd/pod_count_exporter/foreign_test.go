package main

import (
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/klog/v2"
)

func TestForeignLinesAreReduced(t *testing.T) {
	var out strings.Builder
	adoptLogs(newLogger(&out, "logfmt", "debug"))
	for range 3 { // as many lines as may be logged at once, and no more
		klog.Errorf("refreshing credentials: decoding stdout: %s", canary)
		klog.ErrorS(errors.New(canary), "Unable to rotate token", "path", canary)
		klog.Warning(canary)
		klog.V(4).Info("headers: " + canary)
		klog.Background().V(4).Info("Request", "headers", canary)
		stdlog.Printf("Unsolicited response received on idle HTTP channel starting with %q; err=%v", canary, canary)
		stdlog.Printf("%s is not known", canary)
		slog.Default().With("url", canary).WithGroup("g").Warn("http: TLS handshake error from " + canary)
	}
	if strings.Contains(out.String(), canary) {
		t.Errorf("the log holds a secret:\n%s", &out)
	}
	log := regexp.MustCompile(`ts=\S+ |:\d+\n`).ReplaceAllString(out.String(), "\n")
	for _, want := range []string{
		"level=error \nmsg=\"refreshing credentials\" component=client-go source=foreign_test.go\n",
		"level=error \nmsg=\"Unable to rotate token\" component=client-go source=foreign_test.go\n",
		"level=info \nmsg=\"A line of a library was left out, as it may quote a credential\" component=client-go source=foreign_test.go\n",
		"level=warn \nmsg=\"Unsolicited response received on idle HTTP channel\" component=net/http\n",
		"level=warn \nmsg=\"A line of a library was left out, as it may quote a credential\" component=net/http\n",
		"level=warn \nmsg=\"http: TLS handshake error\" component=net/http source=foreign_test.go\n",
	} {
		if got := strings.Count(log, want); got != 3 {
			t.Errorf("the log has %q %d times:\n%s", want, got, &out)
		}
	}
}

// A server makes net/http log as fast as it can send.
func TestForeignLinesAreLimited(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	f := newForeign(newLogger(&out, "json", "info"), "net/http", func() time.Time { return now })
	line := []byte("Unsolicited response received on idle HTTP channel starting with " + strings.Repeat("x", 1<<20))
	flood := func() {
		for range 1000 {
			if n, err := f.Write(line); n != len(line) || err != nil {
				t.Fatalf("wrote %d of %d: %v", n, len(line), err)
			}
		}
	}
	flood()
	if got := len(messages(t, out.String())); got != foreignBurst {
		t.Errorf("%d lines at once, want %d", got, foreignBurst)
	}
	now = now.Add(foreignPause)
	flood()
	if want := fmt.Sprintf(`"held_back":%d`, 1000-foreignBurst); strings.Count(out.String(), want) != 1 {
		t.Errorf("the log has no %s:\n%s", want, &out)
	}
	if got, most := out.Len(), (foreignBurst+1)*200; got > most {
		t.Errorf("%d bytes of log, want at most %d", got, most)
	}
	if allocated := testing.AllocsPerRun(100, func() { _, _ = f.Write(line) }); allocated > 0 {
		t.Errorf("a line that is held back costs %v allocations", allocated)
	}
}

// TestProbesOverTLSAreNoNews has what net/http logs when a client connects and says
// nothing, as the TCP probes do, and when one fails.
func TestProbesOverTLSAreNoNews(t *testing.T) {
	for line, logged := range map[string]bool{
		"http: TLS handshake error from 10.0.0.1:40000: EOF\n":                                  false,
		"http: TLS handshake error from [fd00::1]:40000: EOF\n":                                 false,
		"http: TLS handshake error from 10.0.0.1:40000: remote error: tls: bad certificate\n":   true,
		"http: TLS handshake error from 10.0.0.1:40000: read tcp: connection reset by peer\n":   true,
		"http2: server connection error from 10.0.0.1:40000: connection error: PROTOCOL: EOF\n": true,
	} {
		var out strings.Builder
		f := newForeign(newLogger(&out, "logfmt", "debug"), "net/http", time.Now)
		if n, err := f.Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("wrote %d of %d: %v", n, len(line), err)
		}
		if got := out.Len() > 0; got != logged {
			t.Errorf("%q is logged: %t, want %t", line, got, logged)
		}
	}
}

// TestProbeOfTLSListener opens and closes connections to the program.
func TestProbeOfTLSListener(t *testing.T) {
	certFile, keyFile, _ := certificate(t)
	config := write(t, "web.yml", fmt.Sprintf("tls_server_config: {cert_file: %q, key_file: %q}", certFile, keyFile))
	e := start(t, "--kubeconfig="+serveSim(t), "--web.config.file="+config)
	for range 3 {
		conn, err := net.Dial("tcp", e.address)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil { // until the program has closed it as well
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if code := e.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(e.log.String(), "TLS handshake error") {
		t.Errorf("probes are logged:\n%s", e.log)
	}
}
