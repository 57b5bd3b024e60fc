package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"golang.org/x/sync/errgroup"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"

	"github.com/kube-node-manager/pod_count_exporter/testdata/controlplane/generate"
)

// batchSize is how many objects go into etcd in one transaction: 200 pods are
// less than a megabyte.
const batchSize = 200

// loadOnce fills an etcd that holds no cluster yet. The file with the truth is
// written last: a load that was cut short begins again, and overwrites the
// same keys.
func loadOnce(ctx context.Context, st *state, spec generate.Spec, etcd *embed.Etcd) error {
	switch _, err := os.Stat(st.path(fileTruth)); {
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("looking for an earlier load: %w", err)
	}
	cluster, err := generate.New(spec)
	if err != nil {
		return err
	}
	truth, err := load(ctx, cluster, v3client.New(etcd.Server))
	if err != nil {
		return fmt.Errorf("loading etcd: %w", err)
	}
	return writeJSON(st.path(fileTruth), truth)
}

// load writes the objects as the API server itself stores them, and counts
// them as it goes.
func load(ctx context.Context, cluster *generate.Cluster, kv clientv3.KV) (*generate.Truth, error) {
	nodes := cluster.Nodes()
	truth := generate.NewTruth(nodes)
	var mu sync.Mutex

	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0) + 1) // one waits for etcd while the others encode
	inBatches := func(n int, object func(i int) (string, k8sruntime.Object)) {
		for start := 0; start < n; start += batchSize {
			group.Go(func() error { return putBatch(ctx, kv, start, min(start+batchSize, n), object) })
		}
	}
	names := generate.Namespaces()
	inBatches(len(names), func(i int) (string, k8sruntime.Object) { return "namespaces/" + names[i], generate.Namespace(names[i]) })
	inBatches(len(names), func(i int) (string, k8sruntime.Object) {
		return "serviceaccounts/" + names[i] + "/default", generate.ServiceAccount(names[i])
	})
	inBatches(len(nodes), func(i int) (string, k8sruntime.Object) { return "minions/" + nodes[i].Name, nodes[i] })
	inBatches(cluster.Spec().Pods, func(i int) (string, k8sruntime.Object) {
		pod := cluster.Pod(i)
		mu.Lock()
		defer mu.Unlock()
		truth.Add(pod)
		return "pods/" + pod.Namespace + "/" + pod.Name, pod
	})
	return truth, group.Wait()
}

func putBatch(ctx context.Context, kv clientv3.KV, start, end int, object func(i int) (string, k8sruntime.Object)) error {
	puts := make([]clientv3.Op, 0, end-start)
	for i := start; i < end; i++ {
		key, obj := object(i)
		data, err := encode(obj)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", key, err)
		}
		puts = append(puts, clientv3.OpPut("/registry/"+key, string(data)))
	}
	_, err := kv.Txn(ctx).Then(puts...).Commit()
	return err
}

// encode gives the storage form: the four bytes "k8s\0", then the object in
// protobuf within an envelope that names its kind.
func encode(obj k8sruntime.Object) ([]byte, error) {
	var buf bytes.Buffer
	scheme := k8sruntime.NewScheme()
	err := protobuf.NewSerializer(scheme, scheme).Encode(obj, &buf)
	return buf.Bytes(), err
}
