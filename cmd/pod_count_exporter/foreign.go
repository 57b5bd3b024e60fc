package main

import (
	"bytes"
	"context"
	"fmt"
	stdlog "log"
	"log/slog"
	"path"
	"runtime"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"golang.org/x/time/rate"
	"k8s.io/klog/v2"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// foreignBurst lines of a library are logged at once, and then one per foreignPause:
// a server can make net/http log as fast as it can send.
const (
	foreignBurst = 20
	foreignPause = time.Minute
)

// foreign logs the lines that a library logs by itself. They quote servers, files and
// credentials, so only their constant part is kept. The limit applies before anything
// else is done with them, since net/http writes them while it handles a connection.
// It is safe for concurrent use.
type foreign struct {
	logger  log.Logger
	library string
	now     func() time.Time
	mu      sync.Mutex
	limiter *rate.Limiter
	held    int // lines since the last one that was logged
}

var _ slog.Handler = (*foreign)(nil)

func newForeign(logger log.Logger, library string, now func() time.Time) *foreign {
	return &foreign{
		logger: logger, library: library, now: now,
		limiter: rate.NewLimiter(rate.Every(foreignPause), foreignBurst),
	}
}

// adoptLogs sends what client-go and net/http log by themselves to logger. klog's
// verbosity stays 0 and nothing below info passes: at higher verbosity client-go logs
// headers and bodies of requests.
func adoptLogs(logger log.Logger) {
	klog.SetSlogLogger(slog.New(newForeign(logger, "client-go", time.Now)))
	library := newForeign(logger, "net/http", time.Now)
	slog.SetDefault(slog.New(library))
	// Not through slog, which copies each line first.
	stdlog.SetFlags(0)
	stdlog.SetOutput(library)
}

// Write takes one line of the package log. A client that connects and says nothing, as
// the TCP probes of the Deployment do every few seconds, is no news.
func (f *foreign) Write(line []byte) (int, error) {
	if bytes.HasPrefix(line, []byte("http: TLS handshake error")) && bytes.HasSuffix(line, []byte(": EOF\n")) {
		return len(line), nil
	}
	if held, ok := f.pass(); ok {
		f.log(slog.LevelWarn, line[:min(len(line), redact.MaxLine)], held)
	}
	return len(line), nil
}

// Enabled implements slog.Handler.
func (f *foreign) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

// Handle implements slog.Handler. It adds the position in the library's source, which
// identifies the message where redact does not know it.
func (f *foreign) Handle(_ context.Context, r slog.Record) error {
	held, ok := f.pass()
	if !ok {
		return nil
	}
	frame, _ := runtime.CallersFrames([]uintptr{r.PC}).Next()
	source := fmt.Sprintf("%s:%d", path.Base(frame.File), frame.Line)
	f.log(r.Level, []byte(r.Message[:min(len(r.Message), redact.MaxLine)]), held, "source", source)
	return nil
}

// WithAttrs implements slog.Handler. It drops the attributes, which quote.
func (f *foreign) WithAttrs([]slog.Attr) slog.Handler { return f }

// WithGroup implements slog.Handler.
func (f *foreign) WithGroup(string) slog.Handler { return f }

// pass says whether a line may be logged, and how many were held back before it.
func (f *foreign) pass() (held int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.limiter.AllowN(f.now(), 1) {
		f.held++
		return 0, false
	}
	held, f.held = f.held, 0
	return held, true
}

func (f *foreign) log(l slog.Level, line []byte, held int, fields ...any) {
	logger := level.Info(f.logger)
	switch {
	case l >= slog.LevelError:
		logger = level.Error(f.logger)
	case l >= slog.LevelWarn:
		logger = level.Warn(f.logger)
	}
	fields = append([]any{"msg", redact.Constant(string(line)), "component", f.library}, fields...)
	if held > 0 {
		fields = append(fields, "held_back", held)
	}
	// There is nowhere to report that the log cannot be written.
	_ = logger.Log(fields...)
}
