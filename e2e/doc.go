// Package e2e tests the exporter's binary against a real kube-apiserver with a
// real etcd, both run by testdata/controlplane. "make e2e-api" builds the binaries
// and names them in CONTROLPLANE_BIN and EXPORTER_BIN; the tests carry the build
// tag e2e, because they take minutes.
package e2e
