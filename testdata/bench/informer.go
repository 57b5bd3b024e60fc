package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

var errNotSynced = errors.New("the informer has not come to the end of its list")

// informed keeps every pod in an informer of client-go, as most exporters of pods do.
func informed(cfg *rest.Config) (countFunc, error) {
	cfg.ContentType, cfg.AcceptContentTypes, cfg.QPS = "application/json", "application/json", -1
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("making the client: %w", err)
	}
	return countInformed(informers.NewSharedInformerFactory(client, 0).Core().V1().Pods().Informer()), nil
}

// informedOfMetadata keeps what pods have for metadata only. That has no node, so it
// can count them all, and none of a node.
func informedOfMetadata(cfg *rest.Config) (countFunc, error) {
	cfg.QPS = -1
	client, err := metadata.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("making the client: %w", err)
	}
	pods := corev1.SchemeGroupVersion.WithResource("pods")
	return countInformed(metadatainformer.NewSharedInformerFactory(client, 0).ForResource(pods).Informer()), nil
}

func countInformed(informer cache.SharedIndexInformer) countFunc {
	return func(ctx context.Context, _ []page) (tally, error) {
		go informer.Run(ctx.Done())
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			return tally{}, errNotSynced
		}
		counted := tally{Nodes: map[string]int{}}
		for _, object := range informer.GetStore().List() {
			if pod, whole := object.(*corev1.Pod); !whole {
				counted.add("")
			} else if active(pod) {
				counted.add(pod.Spec.NodeName)
			}
		}
		return counted, nil
	}
}
