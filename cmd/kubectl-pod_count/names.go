package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// completeTimeout is how long somebody who has pressed the tab key is kept waiting
// for names.
const completeTimeout = 3 * time.Second

// maxNamesBytes bounds one page of names: 500 of them, each with its metadata.
const maxNamesBytes = 16 << 20

func load(o *options, around surroundings) []cluster.Cluster {
	from := o.clusters
	from.Env, from.UserAgent = around.env, userAgent()
	return cluster.NewLoader(from).Load().Clusters
}

func contextNames(o *options, around surroundings) (names []string) {
	o.clusters.Contexts, o.clusters.AllContexts = nil, true
	for _, c := range load(o, around) {
		names = append(names, c.Name)
	}
	return names
}

func nodeNames(ctx context.Context, o *options, around surroundings) []string {
	return serverNames(ctx, load(o, around), "api/v1/nodes")
}

func namespaceNames(ctx context.Context, o *options, around surroundings) []string {
	return serverNames(ctx, load(o, around), "api/v1/namespaces")
}

// serverNames asks the clusters one after the other for the names of a resource's
// objects, for as long as there is time. What cannot be had is left out.
func serverNames(ctx context.Context, clusters []cluster.Cluster, path string) (names []string) {
	ctx, cancel := context.WithTimeout(ctx, completeTimeout)
	defer cancel()
	for _, c := range clusters {
		client, base, err := c.Client()
		if err != nil {
			continue
		}
		for next, more := "", true; more; more = next != "" {
			var page []string
			if page, next, err = namesPage(ctx, client, base.JoinPath(path), next); err != nil {
				break
			}
			names = append(names, page...)
		}
	}
	return names
}

// namesPage asks for one page of objects, of which it takes the metadata only.
func namesPage(ctx context.Context, client *http.Client, list *url.URL, token string) (names []string, next string, err error) {
	query := url.Values{"limit": {"500"}}
	if token != "" {
		query.Set("continue", token)
	}
	list.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, list.String(), http.NoBody)
	if err != nil {
		return nil, "", err
	}
	request.Header.Set("Accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json")
	answer, err := client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = answer.Body.Close() }() // it was read, or is of no use
	var page metav1.PartialObjectMetadataList
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxNamesBytes)).Decode(&page); err != nil {
		return nil, "", err
	}
	for _, item := range page.Items {
		names = append(names, item.Name)
	}
	return names, page.Continue, nil
}
