package generate

import (
	"hash/fnv"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Namespaces are the names of all namespaces that pods live in, each once.
func Namespaces() []string {
	var names []string
	seen := map[string]bool{}
	for _, w := range workloads() {
		if !seen[w.namespace] {
			seen[w.namespace] = true
			names = append(names, w.namespace)
		}
	}
	return names
}

// Namespace is the same in every cluster.
func Namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{
			Name: name, UID: uid(streamOf("namespace " + name)), CreationTimestamp: metav1.NewTime(epoch()),
			Labels: map[string]string{corev1.LabelMetadataName: name},
		},
		Spec:   corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}},
		Status: corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
	}
}

// ServiceAccount is the namespace's default account. A controller would make
// it; without it the API server admits no new pod to the namespace.
func ServiceAccount(namespace string) *corev1.ServiceAccount {
	return &corev1.ServiceAccount{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta: metav1.ObjectMeta{
			Name: "default", Namespace: namespace,
			UID: uid(streamOf("account " + namespace)), CreationTimestamp: metav1.NewTime(epoch()),
		},
	}
}

func streamOf(name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never fails to write
	return rand.New(rand.NewPCG(h.Sum64(), 0))
}
