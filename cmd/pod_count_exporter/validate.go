package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/page"
)

// validate checks everything that the flags alone, and podName for --shard, can show.
// Its errors begin with the flag and its value.
func (f *flags) validate(podName string) error {
	for _, check := range []func() error{f.checkAddresses, f.checkPath, f.checkOptions} {
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

// checkPath rejects paths in which http.ServeMux would read braces or a slash at the
// end as a pattern, and paths of the other endpoints.
func (f *flags) checkPath() error {
	p := f.telemetryPath
	fail := func(why string) error { return fmt.Errorf("--web.telemetry-path=%q: %s", p, why) }
	switch {
	case !strings.HasPrefix(p, "/"):
		return fail("must start with a slash")
	case p == "/":
		return fail("is the status page")
	case path.Clean(p) != p:
		return fail("must not hold empty or dotted elements, or end with a slash")
	case strings.ContainsFunc(p, notInPath):
		return fail("must hold only letters, digits and -._~/")
	case strings.HasPrefix(p+"/", managementPrefix), strings.HasPrefix(p+"/", pprofPrefix),
		strings.HasPrefix(p+"/", apiPrefix), strings.HasPrefix(p+"/", page.AssetsPrefix),
		p == page.ClusterPath, p == discoveryPath:
		return fail("is taken by another endpoint")
	}
	return nil
}

func notInPath(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !letter && !strings.ContainsRune("-._~/", r)
}

// checkOptions calls the checks of the packages that use the values.
func (f *flags) checkOptions() error {
	for _, err := range []error{f.clusters.Validate(), f.pages.Validate(), f.cache.Validate(), f.watch.Validate()} {
		if err != nil {
			return inFlags(err)
		}
	}
	return nil
}

// inFlags replaces the names of fields by the flags that set them. A field's name
// that stands for the field is always followed by a sign.
func inFlags(err error) error {
	text := err.Error()
	for _, one := range []struct{ field, flag string }{
		{"MaxPageSize", "collector.max-page-size"},
		{"PageSize", "collector.page-size"},
		{"PageTimeout", "collector.page-timeout"},
		{"PageAttempts", "collector.page-attempts"},
		{"Namespaces", "collector.namespace"},
		{"AuditInterval", "watch.audit-interval"},
		{"Concurrency", "collector.concurrency"},
		{"CacheTTL", "collector.cache-ttl"},
		{"MaxStaleness", "collector.max-staleness"},
		{"MaxRequests", "web.max-requests"},
		{"TimeoutOffset", "web.timeout-offset"},
	} {
		for _, sign := range []string{"=", ":", ","} {
			text = strings.ReplaceAll(text, one.field+sign, "--"+one.flag+sign)
		}
	}
	return errors.New(text)
}
