package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
)

const (
	fileContainerd = "containerd.toml"
	fileKubelet    = "kubelet.yaml"
	fileTokens     = "tokens.csv"
	fileAccountKey = "sa.key"
	fileCA         = "ca.crt"

	pauseImage = "localhost/pause:1"
)

func (c config) kubeconfig(user string) string { return c.path(user + ".kubeconfig") }

// writeConfigs writes what the programs read.
func writeConfigs(cfg config) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making the service accounts' key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("encoding the service accounts' key: %w", err)
	}
	files := map[string]string{
		fileAccountKey:      string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})),
		fileContainerd:      fmt.Sprintf(containerdConfig, cfg.path("containerd"), cfg.path("run"), cfg.path(fileSocket), cfg.path("opt"), pauseImage, pluginFolder(cfg.bin), cfg.path("cni")),
		fileKubelet:         fmt.Sprintf(kubeletConfig, cfg.path(fileSocket), cfg.cgroup, nodeIP, cfg.path("pod-logs"), cfg.path("volume-plugins")),
		"cni/node.conflist": fmt.Sprintf(networkConfig, nodeName, cfg.path("ipam"), podCIDR),
	}
	var tokens strings.Builder
	for user, identity := range map[string]string{
		"admin":              `admin,admin,"system:masters"`,
		"controller-manager": "system:kube-controller-manager,controller-manager",
		"scheduler":          "system:kube-scheduler,scheduler",
		"proxy":              "system:kube-proxy,proxy",
		"kubelet":            fmt.Sprintf(`system:node:%s,kubelet,"system:nodes"`, nodeName),
	} {
		token := rand.Text()
		fmt.Fprintf(&tokens, "%s,%s\n", token, identity)
		files[user+".kubeconfig"] = fmt.Sprintf(kubeconfig, user, nodeIP, cfg.path(fileCA), user, token)
	}
	files[fileTokens] = tokens.String()
	for name, text := range files {
		if err := os.WriteFile(cfg.path(name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("writing configuration: %w", err)
		}
	}
	return nil
}

// containerdConfig leaves a sandbox's OOM score where it is: lowering it takes
// CAP_SYS_RESOURCE.
const containerdConfig = `version = 2
root = %q
state = %q
[grpc]
  address = %q
[plugins."io.containerd.internal.v1.opt"]
  path = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`

// kubeletConfig allows cgroup version 1, takes no more file handles than the hard
// limit gives and no lower OOM score than it has, evicts nothing, and has room for a
// Deployment of a hundred pods that is rolled out.
const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://%s
cgroupRoot: /%s
failCgroupV1: false
cgroupDriver: cgroupfs
failSwapOn: false
oomScoreAdj: 0
maxOpenFiles: 20000
makeIPTablesUtilChains: false
address: %s
healthzBindAddress: 127.0.0.1
podLogsDir: %s
volumePluginDir: %s
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
evictionHard: {memory.available: 1Mi, nodefs.available: 0%%, nodefs.inodesFree: 0%%, imagefs.available: 0%%}
imageGCHighThresholdPercent: 100
configMapAndSecretChangeDetectionStrategy: Watch
syncFrequency: 10s
maxPods: 200
`

const networkConfig = `{"cniVersion": "1.0.0", "name": "node", "plugins": [{"type": "bridge", "bridge": %q,
  "isGateway": true, "hairpinMode": true, "ipam": {"type": "host-local", "dataDir": %q,
  "ranges": [[{"subnet": %q}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
`

const kubeconfig = `apiVersion: v1
kind: Config
current-context: node
contexts: [{name: node, context: {cluster: node, user: %s}}]
clusters: [{name: node, cluster: {server: "https://%s:6443", certificate-authority: %s}}]
users: [{name: %s, user: {token: %s}}]
`
