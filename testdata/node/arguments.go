package main

func etcdArgs(cfg config) []string {
	const client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
	return []string{
		"--data-dir=" + cfg.path("etcd"), "--name=default", "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=default=" + peer,
	}
}

func apiServerArgs(cfg config) []string {
	const issuer = "https://kubernetes.default.svc"
	return []string{
		"--etcd-servers=http://127.0.0.1:2379",
		"--bind-address=" + nodeIP, "--advertise-address=" + nodeIP, "--secure-port=6443", "--cert-dir=" + cfg.path("pki"),
		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + cfg.path(fileAccountKey), "--service-account-signing-key-file=" + cfg.path(fileAccountKey),
		"--token-auth-file=" + cfg.path(fileTokens),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--service-cluster-ip-range=" + serviceNet, "--kubelet-preferred-address-types=InternalIP",
	}
}

func controllerArgs(cfg config) []string {
	return []string{
		"--kubeconfig=" + cfg.kubeconfig("controller-manager"), "--use-service-account-credentials",
		"--service-account-private-key-file=" + cfg.path(fileAccountKey), "--root-ca-file=" + cfg.path(fileCA),
		"--leader-elect=false", "--secure-port=0", "--flex-volume-plugin-dir=" + cfg.path("volume-plugins"),
	}
}

func kubeletArgs(cfg config) []string {
	return []string{
		"--config=" + cfg.path(fileKubelet), "--kubeconfig=" + cfg.kubeconfig("kubelet"),
		"--hostname-override=" + nodeName, "--node-ip=" + nodeIP,
		"--root-dir=" + cfg.path("kubelet"), "--cert-dir=" + cfg.path("pki"),
	}
}

// proxyArgs leave connection tracking alone: its limits are the machine's.
func proxyArgs(cfg config) []string {
	return []string{
		"--kubeconfig=" + cfg.kubeconfig("proxy"), "--hostname-override=" + nodeName,
		"--proxy-mode=nftables", "--cluster-cidr=" + podCIDR,
		"--healthz-bind-address=127.0.0.1:10256", "--metrics-bind-address=127.0.0.1:10249",
		"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0",
	}
}
