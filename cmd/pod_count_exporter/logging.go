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

// newLogger writes lines of the given level or above to w, in the given format
// ("logfmt" or "json").
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

// toSlog returns a slog logger that writes to logger, in the form of the program's
// own lines.
func toSlog(logger log.Logger, least slog.Level) *slog.Logger {
	return slog.New(bare{sloggokit.NewGoKitHandler(ownForm{logger}, least)})
}

// ownForm puts the level before the time, like level.Info: a person or a pattern then
// finds the same order in every line. In JSON, numbers and booleans stay what they are.
type ownForm struct{ next log.Logger }

// Log implements log.Logger.
func (l ownForm) Log(keyvals ...any) error {
	for i, v := range keyvals {
		if value, ok := v.(slog.Value); ok {
			keyvals[i] = value.Any()
		}
	}
	if len(keyvals) < 2 || keyvals[0] != level.Key() {
		return l.next.Log(keyvals...)
	}
	return log.WithPrefix(l.next, keyvals[:2]...).Log(keyvals[2:]...)
}

// slogLevel returns slog's level for a --log.level.
func slogLevel(least string) slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(least)); err != nil {
		return slog.LevelInfo
	}
	return l
}

// bare drops what the program's own lines do not have: a second time, and the
// position in the source.
type bare struct{ slog.Handler }

// Handle implements slog.Handler.
func (h bare) Handle(ctx context.Context, r slog.Record) error {
	r.Time, r.PC = time.Time{}, 0
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h bare) WithAttrs(attrs []slog.Attr) slog.Handler {
	return bare{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h bare) WithGroup(name string) slog.Handler {
	return bare{h.Handler.WithGroup(name)}
}
