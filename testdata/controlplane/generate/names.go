package generate

import (
	"fmt"
	"math/rand/v2"

	"k8s.io/apimachinery/pkg/types"
)

// clusterName is the cluster that the operating guide's examples are about.
const clusterName = "jobsscz-k8s-cluster"

// safeLetters are what Kubernetes itself makes names of: no vowels, so that no
// word comes out by accident.
const safeLetters = "bcdfghjklmnpqrstvwxz2456789"

// word is n random letters that may stand in any Kubernetes name.
func word(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = safeLetters[rng.IntN(len(safeLetters))]
	}
	return string(b)
}

// suffix gives number i its own five letters: multiplying by a number that
// shares no factor with the count of such words never meets the same one twice.
func suffix(seed uint64, i int) string {
	const words = 27 * 27 * 27 * 27 * 27
	n := (uint64(i)*7_368_787 + seed%words) % words
	b := make([]byte, 5)
	for k := range b {
		b[k] = safeLetters[n%27]
		n /= 27
	}
	return string(b)
}

func uid(rng *rand.Rand) types.UID {
	a, b := rng.Uint64(), rng.Uint64()
	return types.UID(fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x",
		a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff))
}

func sha256Name(rng *rand.Rand) string {
	return fmt.Sprintf("sha256:%016x%016x%016x%016x", rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64())
}

// workload is a controller that pods belong to.
type workload struct {
	namespace, app, kind string
}

// workloads are what a mid-sized company runs, by rough share: a workload that
// is listed twice has twice the pods.
func workloads() []workload {
	return []workload{
		{"kube-system", "kube-proxy", "DaemonSet"},
		{"kube-system", "node-local-dns", "DaemonSet"},
		{"kube-system", "csi-node-driver", "DaemonSet"},
		{"monitoring", "node-exporter", "DaemonSet"},
		{"logging", "fluent-bit", "DaemonSet"},
		{"monitoring", "prometheus-shard", "StatefulSet"},
		{"ingress", "edge-gateway", "ReplicaSet"},
		{"jobs-prod", "job-search-api", "ReplicaSet"},
		{"jobs-prod", "job-search-api", "ReplicaSet"},
		{"jobs-prod", "application-intake", "ReplicaSet"},
		{"jobs-prod", "candidate-profile", "ReplicaSet"},
		{"jobs-prod", "cv-render", "Job"},
		{"jobs-staging", "job-search-api", "ReplicaSet"},
		{"matching", "ranking-worker", "ReplicaSet"},
		{"matching", "embedding-refresh", "Job"},
		{"payments", "invoice-writer", "ReplicaSet"},
		{"payments", "ledger", "StatefulSet"},
		{"notifications", "mail-dispatch", "ReplicaSet"},
		{"data-platform", "kafka-broker", "StatefulSet"},
		{"data-platform", "nightly-export", "Job"},
		{"ci-runners", "build-runner", "Job"},
		{"default", "debug-shell", "ReplicaSet"},
	}
}
