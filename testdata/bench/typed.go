package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// guidePage is the rows per page of the guide's program.
const guidePage = 500

// typed counts whole pods that client-go has decoded: all of them, since the
// guide's program looks at the phase itself. Without plain the answers are
// compressed, which is what client-go asks for unless it is told otherwise. Its
// rate limiter is off, or pages would wait for it and not for the server.
func typed(contentType string, plain bool) func(*rest.Config) (countFunc, error) {
	return func(cfg *rest.Config) (countFunc, error) {
		cfg.ContentType = contentType
		cfg.AcceptContentTypes = contentType
		cfg.DisableCompression = plain
		cfg.QPS = -1
		client, err := kubernetes.NewForConfig(cfg)
		if err != nil {
			return nil, fmt.Errorf("making the client: %w", err)
		}
		return func(ctx context.Context, _ []page) (tally, error) { return countTyped(ctx, client) }, nil
	}
}

func countTyped(ctx context.Context, client kubernetes.Interface) (tally, error) {
	counted := tally{Nodes: map[string]int{}}
	err := pages(func(opts metav1.ListOptions) (string, error) {
		list, err := client.CoreV1().Nodes().List(ctx, opts)
		if err != nil {
			return "", fmt.Errorf("listing nodes: %w", err)
		}
		for i := range list.Items {
			counted.Nodes[list.Items[i].Name] = 0
		}
		return list.Continue, nil
	})
	if err != nil {
		return tally{}, err
	}
	err = pages(func(opts metav1.ListOptions) (string, error) {
		list, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, opts)
		if err != nil {
			return "", fmt.Errorf("listing pods: %w", err)
		}
		for i := range list.Items {
			if active(&list.Items[i]) {
				counted.add(list.Items[i].Spec.NodeName)
			}
		}
		return list.Continue, nil
	})
	return counted, err
}

// pages calls list until the continue token is empty.
func pages(list func(metav1.ListOptions) (string, error)) error {
	opts := metav1.ListOptions{Limit: guidePage}
	for {
		next, err := list(opts)
		if err != nil || next == "" {
			return err
		}
		opts.Continue = next
	}
}

func active(pod *corev1.Pod) bool {
	return pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed
}
