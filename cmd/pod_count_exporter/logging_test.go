package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-kit/log/level"
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
