package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// exporter is a running exporter.
type exporter struct {
	*process
	log   *os.File // what it writes to standard error; read on from where the last read ended
	url   string
	bytes float64 // pod_count_response_bytes_total of the last scrape
	took  float64 // pod_count_duration_seconds_sum of the last scrape
}

// logLine is what is read of a line of the exporter's log.
type logLine struct {
	Msg      string `json:"msg"`
	Address  string `json:"address"`
	Resource string `json:"resource"`
	Limit    int    `json:"limit"`
}

// startCounter starts an exporter that counts anew at every scrape, and logs at
// debug: that is where the pages it asks for can be seen.
func startCounter(ctx context.Context, binary, kubeconfig, dir string, flags ...string) (*exporter, error) {
	return startExporter(ctx, binary, filepath.Join(dir, "exporter.log"), append([]string{
		"--kubeconfig=" + kubeconfig, "--web.timeout-offset=1ms", "--collector.cache-ttl=1ns", "--log.level=debug",
	}, flags...)...)
}

// startExporter starts the binary and waits until it listens. Its log goes to
// the file path.
func startExporter(ctx context.Context, binary, path string, flags ...string) (*exporter, error) {
	stderr, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("exporter: %w", err)
	}
	defer func() { _ = stderr.Close() }() // the child has its own
	child, err := start(command(ctx, stderr, binary, append(flags, "--web.listen-address=127.0.0.1:0", "--log.format=json")...))
	if err != nil {
		return nil, err
	}
	e := &exporter{process: child}
	if err := e.open(ctx, path); err != nil {
		e.stop()
		return nil, err
	}
	return e, nil
}

func (e *exporter) open(ctx context.Context, path string) (err error) {
	if e.log, err = os.Open(path); err != nil {
		return fmt.Errorf("exporter: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for e.url == "" {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("the exporter does not listen: %w", context.Cause(ctx))
		}
		lines, err := e.newLines()
		if err != nil {
			return err
		}
		for _, line := range lines {
			if line.Address != "" {
				e.url = "http://" + line.Address + "/metrics"
			}
		}
	}
	return nil
}

// stop ends the process and gives up its log.
func (e *exporter) stop() {
	e.process.stop()
	if e.log != nil {
		_ = e.log.Close()
	}
}

// newLines reads what has been logged since the last call. A line that is still
// being written cannot be there: the exporter writes each in one go.
func (e *exporter) newLines() ([]logLine, error) {
	text, err := io.ReadAll(e.log)
	if err != nil {
		return nil, fmt.Errorf("the exporter's log: %w", err)
	}
	return parseLog(text)
}

func parseLog(text []byte) ([]logLine, error) {
	var lines []logLine
	for raw := range bytes.Lines(text) {
		var line logLine
		if err := json.Unmarshal(raw, &line); err != nil {
			return nil, fmt.Errorf("the exporter's log: %q: %w", raw, err)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// count implements counter: a scrape, for which the exporter counts once.
func (e *exporter) count(ctx context.Context, _ []page) (tally, error) {
	began := time.Now()
	body, err := e.scrape(ctx)
	wall := time.Since(began)
	if err != nil {
		return tally{}, fmt.Errorf("scraping the exporter: %w", err)
	}
	shown, err := parseExposition(bytes.NewReader(body))
	if err != nil {
		return tally{}, err
	}
	if !shown.success {
		return tally{}, errors.New("the exporter's count failed")
	}
	lines, err := e.newLines()
	if err != nil {
		return tally{}, err
	}
	counted := shown.tally
	counted.Wall, counted.Plan = wall, planOf(lines)
	counted.Bytes = int64(shown.bytes - e.bytes)
	counted.Took = time.Duration((shown.took - e.took) * float64(time.Second))
	e.bytes, e.took = shown.bytes, shown.took
	return counted, nil
}

func (e *exporter) scrape(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "600")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered %s", response.Status)
	}
	return body, nil
}

// received is how much the API server has answered since the exporter started.
func (e *exporter) received(ctx context.Context) (int64, error) {
	body, err := e.scrape(ctx)
	if err != nil {
		return 0, fmt.Errorf("scraping the exporter: %w", err)
	}
	shown, err := parseExposition(bytes.NewReader(body))
	return int64(shown.bytes), err
}

// planOf takes the pages of a count from its log. Nodes that are asked for after the
// pods are looked up by name, because pods are bound to them that no list had: their
// answers are a few hundred bytes, and drain goes without.
func planOf(lines []logLine) []page {
	var plan []page
	for _, line := range lines {
		if line.Msg != "Processed page" {
			continue
		}
		if len(plan) > 0 && plan[len(plan)-1].Resource == "pods" && line.Resource != "pods" {
			break
		}
		plan = append(plan, page{Resource: line.Resource, Limit: line.Limit})
	}
	return plan
}
