// Package node tests the manifests of deploy/ on a real one-node cluster, which
// testdata/node runs: kubelet, containerd and kube-proxy beside the control plane,
// in namespaces of their own, with the Prometheus operator. "make e2e-node" builds
// the programs and names their folder in BIN_DIR; the tests carry the build tag
// e2e, because they take minutes.
package node
