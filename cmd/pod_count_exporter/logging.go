package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
	"k8s.io/klog/v2"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// newLogger logs to w in the given format ("logfmt" or "json") what is of the
// given level or above. Every text goes through cluster.Redact.
func newLogger(w io.Writer, format, least string) log.Logger {
	var logger log.Logger
	if format == "json" {
		logger = log.NewJSONLogger(log.NewSyncWriter(w))
	} else {
		logger = log.NewLogfmtLogger(log.NewSyncWriter(w))
	}
	logger = redacting{next: logger, clean: cluster.Redact}
	logger = level.NewFilter(logger, level.Allow(level.ParseDefault(least, level.InfoValue())))
	return log.With(logger, "ts", log.DefaultTimestampUTC)
}

// redacting cleans the texts and errors of each line: client-go and net/http log
// some of their errors themselves, past our hands.
type redacting struct {
	next  log.Logger
	clean func(string) string
}

// Log implements log.Logger.
func (l redacting) Log(keyvals ...any) error {
	cleaned := make([]any, len(keyvals))
	for i, v := range keyvals {
		cleaned[i] = l.redact(v)
	}
	return l.next.Log(cleaned...)
}

func (l redacting) redact(v any) any {
	switch v := v.(type) {
	case string:
		return l.clean(v)
	case error:
		return l.clean(v.Error())
	case slog.Value:
		return l.redact(v.Resolve().Any())
	default:
		return v
	}
}

// toSlog carries what is logged to slog into logger. The time is left to logger.
func toSlog(logger log.Logger, least slog.Level) *slog.Logger {
	return slog.New(timeless{sloggokit.NewGoKitHandler(logger, least)})
}

// slogLevel is the level that a --log.level is for slog.
func slogLevel(least string) slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(least)); err != nil {
		return slog.LevelInfo
	}
	return l
}

// adoptLogs sends the logs of client-go and of net/http through logger, without
// what redact hides: net/http prints what a server says out of turn.
// klog's verbosity stays 0 and nothing below info passes: at higher verbosity
// client-go prints headers and bodies of requests.
func adoptLogs(logger log.Logger, redact func(string) string) {
	foreign := redacting{next: logger, clean: redact}
	klog.SetSlogLogger(toSlog(log.With(foreign, "component", "client-go"), slog.LevelInfo))
	slog.SetDefault(toSlog(log.With(foreign, "component", "net/http"), slog.LevelInfo))
}

// timeless drops the records' own time, which would be a second one.
type timeless struct{ slog.Handler }

// Handle implements slog.Handler.
func (h timeless) Handle(ctx context.Context, r slog.Record) error {
	r.Time = time.Time{}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h timeless) WithAttrs(attrs []slog.Attr) slog.Handler {
	return timeless{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h timeless) WithGroup(name string) slog.Handler {
	return timeless{h.Handler.WithGroup(name)}
}
