package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
)

// newLogger logs to w in the given format ("logfmt" or "json") what is of the
// given level or above.
func newLogger(w io.Writer, format, least string) log.Logger {
	var logger log.Logger
	if format == "json" {
		logger = log.NewJSONLogger(log.NewSyncWriter(w))
	} else {
		logger = log.NewLogfmtLogger(log.NewSyncWriter(w))
	}
	logger = level.NewFilter(logger, level.Allow(level.ParseDefault(least, level.InfoValue())))
	return log.With(logger, "ts", log.DefaultTimestampUTC)
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
