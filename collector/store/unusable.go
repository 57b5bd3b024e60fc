package store

import (
	"context"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// ConfigError says why a cluster's configuration cannot be used. It holds no
// credentials.
type ConfigError struct {
	Err   error
	Since time.Time // when it was found
}

// Error is what Err says.
func (e *ConfigError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ConfigError) Unwrap() error { return e.Err }

// unusable is the Counter of a cluster whose configuration is at fault.
type unusable struct{ fault *ConfigError }

// Unusable returns the Counter of a cluster that cannot be asked because of err. It
// counts nothing, so no count fails either: the cluster has err, no success, and its
// last snapshot for as long as that may be shown.
func Unusable(err error) Counter { return &unusable{&ConfigError{Err: err, Since: time.Now()}} }

// Count fails.
func (u *unusable) Count(context.Context, podcount.Observer, func(*podcount.Snapshot)) error {
	return u.fault
}

// faultOf returns the error of a Counter from Unusable, nil of any other.
func faultOf(counter Counter) error {
	if u, ok := counter.(*unusable); ok {
		return u.fault
	}
	return nil
}
