package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// longestTimeout is more than any scrape waits: an offset of this size leaves
// no time to any scrape.
const longestTimeout = time.Minute

// validate checks what can be told from the flags, and from podName for --shard.
// Its errors begin with the flag and its value.
func (f *flags) validate(podName string) error {
	for _, check := range []func() error{f.checkAddresses, f.checkPath, f.checkPages, f.checkCache} {
		if err := check(); err != nil {
			return err
		}
	}
	var err error
	if f.share, err = cluster.ParseShard(f.shard, podName); err != nil {
		return fmt.Errorf("--shard=%q: %w", f.shard, err)
	}
	return nil
}

func (f *flags) checkAddresses() error {
	if *f.web.WebSystemdSocket {
		return nil
	}
	for _, address := range *f.web.WebListenAddresses {
		if err := checkAddress(address); err != nil {
			return fmt.Errorf("--web.listen-address=%q: %w", address, err)
		}
	}
	return nil
}

func checkAddress(address string) error {
	bits := 16
	if strings.HasPrefix(address, vsockPrefix) {
		u, err := url.Parse(address)
		if err != nil {
			return errors.New("not a vsock://:PORT address")
		}
		address, bits = u.Host, 32
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("not a HOST:PORT address")
	}
	if _, err := strconv.ParseUint(port, 10, bits); err != nil {
		return fmt.Errorf("the port must be a number from 0 to %d", uint64(1)<<bits-1)
	}
	return nil
}

// checkPath keeps the path from the meanings that http.ServeMux gives to braces
// and a slash at the end, and from the other endpoints.
func (f *flags) checkPath() error {
	p := f.telemetryPath
	fail := func(why string) error { return fmt.Errorf("--web.telemetry-path=%q: %s", p, why) }
	switch {
	case !strings.HasPrefix(p, "/"):
		return fail("must start with a slash")
	case p == "/":
		return fail("is the landing page")
	case path.Clean(p) != p:
		return fail("must not hold empty or dotted elements, or end with a slash")
	case strings.ContainsFunc(p, notInPath):
		return fail("must hold only letters, digits and -._~/")
	case strings.HasPrefix(p+"/", managementPrefix), strings.HasPrefix(p+"/", pprofPrefix),
		strings.HasPrefix(p+"/", apiPrefix), p == discoveryPath:
		return fail("is taken by another endpoint")
	}
	return nil
}

func notInPath(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !letter && !strings.ContainsRune("-._~/", r)
}

func (f *flags) checkPages() error {
	p := f.pages
	switch {
	case p.PageSize < 1:
		return fmt.Errorf("--collector.page-size=%d: must be at least 1", p.PageSize)
	case p.MaxPageSize < p.PageSize:
		return fmt.Errorf("--collector.max-page-size=%d: must be at least --collector.page-size, which is %d", p.MaxPageSize, p.PageSize)
	case p.PageTimeout <= 0:
		return fmt.Errorf("--collector.page-timeout=%s: must be positive", p.PageTimeout)
	case p.PageAttempts < 1:
		return fmt.Errorf("--collector.page-attempts=%d: must be at least 1", p.PageAttempts)
	}
	if err := podcount.CheckNamespaces(p.Namespaces); err != nil {
		return fmt.Errorf("--collector.namespace: %w", err)
	}
	return nil
}

func (f *flags) checkCache() error {
	c := f.cache
	switch {
	case c.Concurrency < 1:
		return fmt.Errorf("--collector.concurrency=%d: must be at least 1", c.Concurrency)
	case c.CacheTTL <= 0:
		return fmt.Errorf("--collector.cache-ttl=%s: must be positive", c.CacheTTL)
	case c.MaxStaleness < c.CacheTTL:
		return fmt.Errorf("--collector.max-staleness=%s: must be at least --collector.cache-ttl, which is %s", c.MaxStaleness, c.CacheTTL)
	case c.MaxRequests < 0:
		return fmt.Errorf("--web.max-requests=%d: must not be negative", c.MaxRequests)
	case c.TimeoutOffset < 0:
		return fmt.Errorf("--web.timeout-offset=%s: must not be negative", c.TimeoutOffset)
	case c.TimeoutOffset >= longestTimeout:
		return fmt.Errorf("--web.timeout-offset=%s: leaves no time to any scrape, must be under %s", c.TimeoutOffset, longestTimeout)
	}
	return nil
}
