package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	basecompatibility "k8s.io/component-base/compatibility"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// runAPIServer runs kube-apiserver until ctx ends, the way its own command
// does, except that the command would take over the process's signals.
func runAPIServer(ctx context.Context, st *state, featureGates string) error {
	if err := redirectLog(st.path(fileLog)); err != nil {
		return err
	}
	opts := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range opts.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(apiServerArgs(st, featureGates)); err != nil {
		return fmt.Errorf("api server flags: %w", err)
	}
	registry := opts.GenericServerRunOptions.ComponentGlobalsRegistry
	if err := registry.Set(); err != nil {
		return fmt.Errorf("--feature-gates: %w", err)
	}
	if err := logsapi.ValidateAndApply(opts.Logs, registry.FeatureGateFor(basecompatibility.DefaultKubeComponent)); err != nil {
		return fmt.Errorf("api server log: %w", err)
	}
	completed, err := opts.Complete(ctx)
	if err != nil {
		return fmt.Errorf("api server options: %w", err)
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return fmt.Errorf("api server options: %w", utilerrors.NewAggregate(errs))
	}
	if err := app.Run(ctx, completed); err != nil {
		return fmt.Errorf("api server: %w", err)
	}
	return nil
}

// redirectLog sends what the API server's logger writes to a file: the logger
// looks up os.Stderr at each line and knows no other destination.
func redirectLog(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the api server's log: %w", err)
	}
	os.Stderr = file
	return nil
}

// apiServerArgs leaves everything at its default that a real cluster leaves
// there; admission, priority and fairness, and the watch cache among it.
func apiServerArgs(st *state, featureGates string) []string {
	args := []string{
		"--etcd-servers=" + st.EtcdClient,
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(st.Port),
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none", // it would publish loopback, which is not allowed
		"--service-cluster-ip-range=10.0.0.0/16",
		"--tls-cert-file=" + st.path("serving.crt"),
		"--tls-private-key-file=" + st.path("serving.key"),
		"--client-ca-file=" + st.path(fileCA),
		"--token-auth-file=" + st.path(fileTokens),
		"--anonymous-auth=false",
		"--authorization-mode=RBAC",
		"--allow-privileged=true",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + st.path("sa.key"),
		"--service-account-signing-key-file=" + st.path("sa.key"),
	}
	if featureGates != "" {
		args = append(args, "--feature-gates="+featureGates)
	}
	return args
}
