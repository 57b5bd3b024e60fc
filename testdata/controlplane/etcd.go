package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
)

// startEtcd runs a member on its own, and returns once it serves.
func startEtcd(ctx context.Context, st *state) (*embed.Etcd, error) {
	cfg, err := etcdConfig(st)
	if err != nil {
		return nil, err
	}
	etcd, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, fmt.Errorf("starting etcd: %w", err)
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case err = <-etcd.Err():
	case <-ctx.Done():
		err = ctx.Err()
	}
	etcd.Close()
	return nil, fmt.Errorf("starting etcd: %w", err)
}

func etcdConfig(st *state) (*embed.Config, error) {
	client, err := url.Parse(st.EtcdClient)
	if err != nil {
		return nil, fmt.Errorf("etcd client address: %w", err)
	}
	peer, err := url.Parse(st.EtcdPeer)
	if err != nil {
		return nil, fmt.Errorf("etcd peer address: %w", err)
	}
	cfg := embed.NewConfig()
	cfg.Dir = st.path(dirEtcd)
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.LogLevel, cfg.LogOutputs = "warn", []string{st.path(fileEtcdLog)}
	// The kernel keeps what a killed process has written; only a machine that
	// dies would lose data, and with it the folder is of no use anyway.
	cfg.UnsafeNoFsync = true
	cfg.QuotaBackendBytes = 8 << 30 // a million pods
	cfg.MaxTxnOps, cfg.MaxRequestBytes = 4*batchSize, 16<<20
	return cfg, nil
}

// compact makes every revision before now unreadable, and with them every
// continue token that has been given out, as far as pages come from etcd and
// not from the API server's own cache.
func compact(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("controlplane compact", flag.ContinueOnError)
	flagDir := set.String("dir", "", "folder of the running control plane")
	if err := set.Parse(args); err != nil {
		return err
	}
	dir, err := absolute(*flagDir)
	if err != nil {
		return err
	}
	st, err := readState(dir)
	if err != nil {
		return err
	}
	return compactAt(ctx, st.EtcdClient)
}

func compactAt(ctx context.Context, endpoint string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Context: ctx, DialTimeout: 5 * time.Second})
	if err != nil {
		return fmt.Errorf("connecting to etcd at %s: %w", endpoint, err)
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	// The newest revision always stays readable: without a write, tokens of
	// that very revision would live on.
	put, err := client.Put(ctx, "/controlplane/compacted", "now")
	if err != nil {
		return fmt.Errorf("writing a new revision: %w", err)
	}
	if _, err := client.Compact(ctx, put.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		return fmt.Errorf("compacting at revision %d: %w", put.Header.Revision, err)
	}
	return nil
}
