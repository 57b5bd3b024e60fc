package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

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

func TestLogHoldsNoSecrets(t *testing.T) {
	var out strings.Builder
	logger := newLogger(&out, "logfmt", "debug")
	adoptLogs(logger, func(text string) string { return text })

	klog.Errorf("refreshing credentials: decoding stdout: %s", canary)
	klog.ErrorS(errors.New("dial http://u:"+canary+"@host"), "Unable to rotate token")
	klog.V(4).Info("headers: " + canary)
	klog.Background().V(4).Info("Request", "headers", canary)
	if err := level.Debug(logger).Log("msg", "failed", "err", errors.New("Get \"https://"+canary+"@host\"")); err != nil {
		t.Fatal(err)
	}
	toSlog(logger, slog.LevelDebug).With("url", "https://u:"+canary+"@host").WithGroup("g").Debug("x")

	if strings.Contains(out.String(), canary) {
		t.Errorf("the log holds a secret:\n%s", &out)
	}
	for _, want := range []string{"refreshing credentials: decoding stdout", "Unable to rotate token", "***@host"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &out)
		}
	}
}
