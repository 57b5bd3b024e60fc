package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// patrol scrapes an exporter of many clusters as Prometheus does, again and
// again, and keeps what it sees of those that are well.
type patrol struct {
	exporter *exporter
	well     []sim
	timeout  time.Duration
	started  time.Time

	scrapes  int
	complete int // scrapes that showed all of them, and in time
	took     []time.Duration
	ages     []time.Duration      // of their snapshots, when scraped
	counted  map[string]time.Time // when each of them was counted first
	last     exposed
}

// exposed is the size of an exposition.
type exposed struct {
	series, bytes, compressed int
}

// scrape asks once. That the exporter shows something wrong is an error; that
// it is late, or shows nothing yet, is noted.
func (p *patrol) scrape(ctx context.Context) error {
	began := time.Now()
	body, compressed, err := p.ask(ctx)
	took := time.Since(began)
	if err != nil {
		return fmt.Errorf("scraping the exporter: %w", err)
	}
	views, series, err := parseViews(body)
	if err != nil {
		return err
	}
	p.scrapes++
	p.took = append(p.took, took)
	p.last = exposed{series: series, bytes: len(body), compressed: compressed}
	shown := 0
	for _, c := range p.well {
		v := views[c.name]
		if v == nil || v.nodes == 0 {
			continue
		}
		if v.nodes != len(c.truth.Pods) || v.pods != c.truth.ActivePods {
			return fmt.Errorf("cluster %s: %d pods on %d nodes, which should be %d on %d", c.name, v.pods, v.nodes, c.truth.ActivePods, len(c.truth.Pods))
		}
		shown++
		p.note(c.name, v.counted)
		p.ages = append(p.ages, began.Add(took).Sub(v.counted))
	}
	if shown == len(p.well) && took < p.timeout {
		p.complete++
	}
	return nil
}

func (p *patrol) note(name string, counted time.Time) {
	if p.counted == nil {
		p.counted = map[string]time.Time{}
	}
	if _, known := p.counted[name]; !known {
		p.counted[name] = counted
	}
}

// first is how long it took until all of them were counted; an hour where one has
// never been.
func (p *patrol) first() time.Duration {
	if len(p.counted) < len(p.well) {
		return time.Hour
	}
	var longest time.Duration
	for _, counted := range p.counted {
		longest = max(longest, counted.Sub(p.started))
	}
	return longest
}

// forget drops what was seen so far.
func (p *patrol) forget() { p.scrapes, p.complete, p.took, p.ages = 0, 0, nil, nil }

func (p *patrol) ask(ctx context.Context) (body string, compressed int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.exporter.url, http.NoBody)
	if err != nil {
		return "", 0, err
	}
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(p.timeout.Seconds()))
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Encoding") != "gzip" {
		return "", 0, fmt.Errorf("it answered %s, encoded %q", response.Status, response.Header.Get("Content-Encoding"))
	}
	wire := &meter{r: response.Body}
	plain, err := gzip.NewReader(wire)
	if err != nil {
		return "", 0, err
	}
	text, err := io.ReadAll(plain)
	return string(text), wire.n, errors.Join(err, plain.Close())
}

// meter counts what is read through it.
type meter struct {
	r io.Reader
	n int
}

// Read implements io.Reader.
func (c *meter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// every calls do at once and then at each interval, until the time is over.
func every(ctx context.Context, interval, total time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, total, errOver)
	defer cancel()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		// A scrape that has begun is finished.
		if err := do(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			if cause := context.Cause(ctx); !errors.Is(cause, errOver) {
				return cause
			}
			return nil
		}
	}
}

var errOver = errors.New("the time is over")
