package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"k8s.io/client-go/rest"
)

// drain asks for the pages that the exporter asked for, and drops what comes:
// no way to count through the same pages can be faster.
type drain struct {
	client *http.Client
	base   string
}

func newDrain(cfg *rest.Config) (countFunc, error) {
	cfg.DisableCompression = true // asked for by itself, where the exporter does
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("making the client: %w", err)
	}
	return (&drain{client: client, base: cfg.Host}).count, nil
}

func (d *drain) count(ctx context.Context, plan []page) (tally, error) {
	if len(plan) == 0 {
		return tally{}, errors.New("no pages to drain")
	}
	sum := tally{}
	token, resource := "", ""
	for _, p := range plan {
		if p.Resource != resource {
			if token != "" {
				break
			}
			token, resource = "", p.Resource
		}
		n, next, err := d.page(ctx, p, token)
		if err != nil {
			return tally{}, fmt.Errorf("draining %s: %w", p.Resource, err)
		}
		sum.Bytes += n
		token = next
	}
	if token != "" {
		return tally{}, fmt.Errorf("draining %s: the plan ends before the pages do", resource)
	}
	return sum, nil
}

func (d *drain) page(ctx context.Context, p page, token string) (int64, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+pageQuery(p, token), http.NoBody)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Accept-Encoding", "gzip")
	if p.Resource == "pods" {
		request.Header.Set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
		request.Header.Set("Accept-Encoding", "identity")
	}
	response, err := d.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	var head lead
	n, err := io.Copy(&head, response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return 0, "", err
	}
	if response.StatusCode != http.StatusOK {
		return 0, "", fmt.Errorf("the api server answered %s", response.Status)
	}
	return n, continueToken(head.text(response.Header.Get("Content-Encoding"))), nil
}

// pageQuery is the path and query of a page, the same as the exporter's.
func pageQuery(p page, token string) string {
	query := url.Values{"limit": {strconv.Itoa(p.Limit)}, "timeout": {"30s"}}
	if p.Resource == "pods" {
		query.Set("includeObject", "None")
		query.Set("fieldSelector", "status.phase!=Succeeded,status.phase!=Failed")
	}
	if token != "" {
		query.Set("continue", token)
	}
	return "/api/v1/" + p.Resource + "?" + query.Encode()
}

// lead keeps the beginning of a body, where the list's metadata stands, and
// drops the rest.
type lead struct {
	kept [2048]byte
	n    int
}

// Write implements io.Writer.
func (l *lead) Write(p []byte) (int, error) {
	l.n += copy(l.kept[l.n:], p)
	return len(p), nil
}

// text is what was kept, as far as it can be decompressed.
func (l *lead) text(encoding string) []byte {
	kept := l.kept[:l.n]
	if encoding != "gzip" {
		return kept
	}
	plain, err := gzip.NewReader(bytes.NewReader(kept))
	if err != nil {
		return nil
	}
	// The end is cut off, so an error says nothing.
	text, _ := io.ReadAll(plain)
	return text
}

// continueToken finds the token in the beginning of a list in JSON; "" if there
// is none.
func continueToken(head []byte) string {
	_, rest, found := bytes.Cut(head, []byte(`"continue":"`))
	if !found {
		return ""
	}
	token, _, found := bytes.Cut(rest, []byte(`"`))
	if !found {
		return ""
	}
	return string(token)
}
