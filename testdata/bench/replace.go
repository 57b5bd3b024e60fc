package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// replacers is how many pods are replaced at the same time.
const replacers = 4

// replacer deletes pods and makes others in their place, as rollouts do.
type replacer struct {
	client kubernetes.Interface
	pods   []corev1.Pod
}

func newReplacer(ctx context.Context, kubeconfig string) (*replacer, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("replacing pods: %w", err)
	}
	cfg.ContentType, cfg.QPS = "application/vnd.kubernetes.protobuf", -1
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("replacing pods: %w", err)
	}
	r := &replacer{client: client}
	err = pages(func(opts metav1.ListOptions) (string, error) {
		list, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, opts)
		if err != nil {
			return "", fmt.Errorf("listing pods: %w", err)
		}
		for _, pod := range list.Items {
			if active(&pod) && pod.Spec.NodeName != "" {
				r.pods = append(r.pods, pod)
			}
		}
		return list.Continue, nil
	})
	return r, err
}

// replace replaces this part of the pods, evenly over a time, and says how many these
// were. Each is gone, bound anew, and runs: three changes.
func (r *replacer) replace(ctx context.Context, part float64, over time.Duration) (int, error) {
	count := int(part * float64(len(r.pods)))
	began, ended := time.Now(), make(chan error)
	for worker := range replacers {
		go func() {
			for i := worker; i < count; i += replacers {
				// A twentieth of the time is for the last ones to be seen.
				at := began.Add(time.Duration(float64(over) * 0.95 * float64(i) / float64(count)))
				err := settle(time.Until(at))(ctx)
				if err == nil {
					err = r.one(ctx, r.pods[i])
				}
				if err != nil {
					ended <- fmt.Errorf("replacing pod %d of %d: %w", i, count, err)
					return
				}
			}
			ended <- nil
		}()
	}
	var err error
	for range replacers {
		err = errors.Join(err, <-ended)
	}
	<-ctx.Done() // at the end of the time
	return count, err
}

func (r *replacer) one(ctx context.Context, old corev1.Pod) error {
	pods := r.client.CoreV1().Pods(old.Namespace)
	now := int64(0)
	if err := pods.Delete(ctx, old.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		return fmt.Errorf("deleting a pod: %w", err)
	}
	status := old.Status
	next := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "next-", Namespace: old.Namespace, Labels: old.Labels}, Spec: old.Spec}
	made, err := pods.Create(ctx, next, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("creating a pod: %w", err)
	}
	made.Status = status
	if _, err := pods.UpdateStatus(ctx, made, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("telling that a pod runs: %w", err)
	}
	return nil
}
