//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// truth is what testdata/controlplane says of the cluster it has made.
type truth struct {
	Nodes           map[string]float64 `json:"nodes"`
	Allocatable     map[string]float64 `json:"allocatable"`
	ActivePods      float64            `json:"activePods"`
	UnscheduledPods float64            `json:"unscheduledPods"`
	UnknownNodePods float64            `json:"unknownNodePods"`
	TotalPods       float64            `json:"totalPods"`
}

// controlPlane is a running kube-apiserver with its etcd.
type controlPlane struct {
	*process
	api   *api
	truth truth
	dir   string
	args  []string
}

// clusterArgs asks for a cluster of a size.
func clusterArgs(seed uint64, nodes, pods int) []string {
	return []string{fmt.Sprint("--seed=", seed), fmt.Sprint("--nodes=", nodes), fmt.Sprint("--pods=", pods)}
}

// startControlPlane returns when the API server is ready.
func startControlPlane(t *testing.T, args ...string) *controlPlane {
	t.Helper()
	cp := &controlPlane{dir: t.TempDir(), args: args}
	cp.run(t)
	data, err := os.ReadFile(filepath.Join(cp.dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &cp.truth); err != nil {
		t.Fatal(err)
	}
	cp.api = newAPI(t, cp.kubeconfig())
	return cp
}

// run starts the process, for the first time or after a kill: the address and
// the data stay.
func (cp *controlPlane) run(t *testing.T) {
	t.Helper()
	cp.process = start(t, program(t, "CONTROLPLANE_BIN"), append([]string{"--dir=" + cp.dir}, cp.args...)...)
	cp.await(t, "ready ")
}

// kubeconfig is the administrator's.
func (cp *controlPlane) kubeconfig() string { return filepath.Join(cp.dir, "admin.kubeconfig") }

// compact makes all continue tokens that etcd has to honour expire.
func (cp *controlPlane) compact(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, cp.cmd.Path, "compact", "--dir="+cp.dir)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compacting: %w\n%s", err, output)
	}
	return nil
}
