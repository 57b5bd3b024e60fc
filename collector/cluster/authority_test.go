package cluster_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// TestAuthorityThatIsCutOff has a certificate authority that is cut off say nothing of the
// server. The client changes with it all the same, and the cluster keeps its name for later.
func TestAuthorityThatIsCutOff(t *testing.T) {
	_, certificate, err := kubesim.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	whole, half := string(certificate), string(certificate[:len(certificate)/2])
	for _, tt := range []struct {
		name, cut, other string
	}{
		{"the only certificate", half, half + "x"},
		{"the second one", whole + half, whole + half + "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := files(t, map[string]string{"configs/a": kubeconfig("server: https://one.example, certificate-authority: ../ca", "token: x"), "ca": whole})
			put := func(name, content string) {
				if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			loader := cluster.NewLoader(cluster.Options{Kubeconfigs: []string{filepath.Join(root, "configs")}})
			before := loader.Load().Clusters[0]
			var keys []string
			for _, content := range []string{tt.cut, tt.other} {
				put("ca", content)
				c := loader.Load().Clusters[0]
				if c.Server != "" || c.Place != before.Place || c.Fault != nil {
					t.Errorf("server %q, place %q, fault %v", c.Server, c.Place, c.Fault)
				}
				keys = append(keys, c.Key)
			}
			if keys[0] == keys[1] || keys[0] == before.Key {
				t.Error("the key is the same with another content")
			}
			put("ca", whole)
			if err := os.Rename(filepath.Join(root, "configs/a"), filepath.Join(root, "configs/z")); err != nil {
				t.Fatal(err)
			}
			put("configs/b", kubeconfig("server: https://two.example", "token: x"))
			after := loader.Load().Clusters[0]
			if after.Server != before.Server || after.Fault != nil {
				t.Errorf("in another file, it does not have its name: %s, %v", after.Source, after.Fault)
			}
		})
	}
}
