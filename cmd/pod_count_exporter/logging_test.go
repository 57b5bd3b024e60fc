package main

import (
	"encoding/json"
	"errors"
	"fmt"
	stdlog "log"
	"log/slog"
	"math"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log/level"
	"k8s.io/klog/v2"
)

func TestLogLevels(t *testing.T) {
	tests := []struct{ least, want string }{
		{"debug", "debug info warn error"},
		{"info", "info warn error"},
		{"warn", "warn error"},
		{"error", "error"},
	}
	for _, tt := range tests {
		t.Run(tt.least, func(t *testing.T) {
			var out strings.Builder
			logger := newLogger(&out, "json", tt.least)
			own := []error{level.Debug(logger).Log("msg", "debug"), level.Info(logger).Log("msg", "info")}
			toolkit := toSlog(logger, slogLevel(tt.least))
			toolkit.Warn("warn")
			toolkit.Error("error")
			if err := errors.Join(own...); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(messages(t, out.String()), " "); got != tt.want {
				t.Errorf("logged %q, want %q", got, tt.want)
			}
		})
	}
}

// messages gives the msg of each line, which must have a level and one time.
func messages(t *testing.T, log string) []string {
	t.Helper()
	var list []string
	for line := range strings.Lines(log) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if fields["ts"] == nil || fields["level"] == nil || fields["time"] != nil {
			t.Errorf("time or level is not as it should be: %s", line)
		}
		list = append(list, fields["msg"].(string))
	}
	return list
}

// wantOneForm holds lines in logfmt to the order of their keys and the form of their
// time, whoever has written them, and wants no limit in them that is none.
func wantOneForm(t *testing.T, log string) {
	t.Helper()
	line := regexp.MustCompile(`^level=(debug|info|warn|error) ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z msg=("([^"\\]|\\.)+"|[\w-]+)( [a-z0-9_]+=("([^"\\]|\\.)*"|[^\s"]*))*\n$`)
	for text := range strings.Lines(log) {
		if !line.MatchString(text) || strings.Contains(text, " caller=") || strings.Contains(text, fmt.Sprint(math.MaxInt64)) {
			t.Errorf("another form: %s", text)
		}
	}
}

// TestLinesHaveOneForm runs the program, and has the libraries log beside it. The lines
// of every run of a test are held to the form.
func TestLinesHaveOneForm(t *testing.T) {
	for _, tt := range []struct {
		name   string
		limit  int64
		limits string
	}{
		{"no limit of memory", math.MaxInt64, `msg="Runtime limits" gomaxprocs=\d+\n`},
		{"one", 1 << 40, `msg="Runtime limits" gomaxprocs=\d+ gomemlimit=1099511627776\n`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := debug.SetMemoryLimit(tt.limit)
			t.Cleanup(func() { debug.SetMemoryLimit(before) })
			e := start(t, "--kubeconfig="+serveSim(t), "--log.level=debug")
			klog.Error("Unable to rotate token")
			stdlog.Print("http: TLS handshake error from 192.0.2.1: remote error: tls: bad certificate")
			slog.Error("http: TLS handshake error from 192.0.2.1: EOF")
			e.log.await(t, "Successfully enriched nodes with metrics")
			if code := e.stop(t); code != exitOK {
				t.Errorf("exit code %d", code)
			}
			for _, want := range []string{
				tt.limits, `level=info ts=\S+ msg="Listening on" address=`, `level=info ts=\S+ msg="TLS is disabled." http2=false address=`,
				`level=error ts=\S+ msg="Unable to rotate token" component=client-go source=`,
				`level=warn ts=\S+ msg="http: TLS handshake error" component=net/http`, `level=error ts=\S+ msg="http: TLS handshake error" component=net/http source=`,
			} {
				if !regexp.MustCompile(want).MatchString(e.log.String()) {
					t.Errorf("the log has no %q:\n%s", want, e.log)
				}
			}
		})
	}
}

// TestJSONKeepsTypes has a library log in JSON.
func TestJSONKeepsTypes(t *testing.T) {
	var out strings.Builder
	logger := toSlog(newLogger(&out, "json", "info"), slog.LevelInfo)
	logger.With("http2", false).Warn("TLS is disabled.", "port", 10120, "share", 0.5, "address", "127.0.0.1:10120", "wait", time.Second)
	for _, want := range []string{`"http2":false`, `"port":10120`, `"share":0.5`, `"address":"127.0.0.1:10120"`, `"wait":"1s"`, `"level":"warn"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
	}
}
