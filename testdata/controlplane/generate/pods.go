package generate

import (
	"fmt"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// epoch is the moment at which the cluster stands still. A fixed one keeps the
// objects of a seed the same for ever.
func epoch() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// podDraft is a pod half made: what its parts have in common.
type podDraft struct {
	rng     *rand.Rand
	place   place
	work    workload
	name    string
	owner   string
	created time.Time
}

// Pod makes pod i, with 0 <= i < Spec.Pods. In protobuf it has about 4 kB, as
// in a real cluster: much of it is managed fields, environment and volumes.
func (c *Cluster) Pod(i int) *corev1.Pod {
	rng := rand.New(rand.NewPCG(c.spec.Seed, uint64(i)))
	d := podDraft{rng: rng, place: c.places[i]}
	all := workloads()
	d.work = all[rng.IntN(len(all))]
	d.owner, d.name = ownerAndName(d.work, suffix(c.spec.Seed, i), i)
	d.created = epoch().Add(-time.Duration(1+rng.IntN(30*24*60)) * time.Minute)
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: d.meta(),
		Spec:       d.spec(),
		Status:     d.status(),
	}
}

// ownerAndName follows each controller's own way of naming: only the last part
// tells two pods of one owner apart, and it is never the same twice.
func ownerAndName(w workload, suffix string, i int) (owner, name string) {
	switch w.kind {
	case "ReplicaSet":
		owner = fmt.Sprintf("%s-%s%s", w.app, "7c9d4b", string(safeLetters[len(w.namespace)%27]))
	case "Job":
		owner = fmt.Sprintf("%s-%d", w.app, 29_541_000+i%97)
	case "StatefulSet":
		return w.app, fmt.Sprintf("%s-%d", w.app, i)
	default:
		owner = w.app
	}
	return owner, owner + "-" + suffix
}

func (d *podDraft) meta() metav1.ObjectMeta {
	yes := true
	owner := metav1.OwnerReference{
		APIVersion: "apps/v1", Kind: d.work.kind, Name: d.owner, UID: uid(d.rng),
		Controller: &yes, BlockOwnerDeletion: &yes,
	}
	if d.work.kind == "Job" {
		owner.APIVersion = "batch/v1"
	}
	meta := metav1.ObjectMeta{
		Name: d.name, Namespace: d.work.namespace, GenerateName: d.owner + "-",
		UID: uid(d.rng), Generation: 1, CreationTimestamp: metav1.NewTime(d.created),
		OwnerReferences: []metav1.OwnerReference{owner},
		Labels: map[string]string{
			"app.kubernetes.io/name":     d.work.app,
			"app.kubernetes.io/instance": d.owner,
			"app.kubernetes.io/part-of":  d.work.namespace,
			"app.kubernetes.io/version":  fmt.Sprintf("2.%d.%d", d.rng.IntN(40), d.rng.IntN(20)),
			"pod-template-hash":          word(d.rng, 9),
			"team":                       "team-" + d.work.namespace,
		},
		Annotations: map[string]string{
			"checksum/config":                   fmt.Sprintf("%016x%016x", d.rng.Uint64(), d.rng.Uint64()),
			"prometheus.io/scrape":              "true",
			"prometheus.io/port":                "8080",
			"kubectl.kubernetes.io/restartedAt": d.created.Format(time.RFC3339),
		},
		ManagedFields: append(
			managed(podSpecFields(), "kube-controller-manager", d.created),
			managed(podStatusFields(), "kubelet", d.created.Add(9*time.Second))...),
	}
	if d.place.terminating {
		grace, when := int64(30), metav1.NewTime(epoch().Add(-time.Minute))
		meta.DeletionGracePeriodSeconds, meta.DeletionTimestamp = &grace, &when
		// A finalizer keeps a pod past its grace period, as the Job controller's does.
		meta.Finalizers = []string{"batch.kubernetes.io/job-tracking"}
	}
	return meta
}
