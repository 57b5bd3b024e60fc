package cluster_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// utf16LE encodes s as PowerShell does.
func utf16LE(s string) string {
	b := []byte("\xff\xfe")
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

// TestKubeconfigsAsYAMLHasThem has each way to write a kubeconfig that can be read give its
// cluster in a directory, too, where other files are left out unread.
func TestKubeconfigsAsYAMLHasThem(t *testing.T) {
	good := oneContext("https://one.example")
	for name, data := range map[string]string{
		"plain": good, "crlf": strings.ReplaceAll(good, "\n", "\r\n"), "cr": strings.ReplaceAll(good, "\n", "\r"), "nel": strings.ReplaceAll(good, "\n", "\u0085"), "bom": "\ufeff" + good,
		"utf16": utf16LE(good), "comment": "# hello\n" + good, "doc": "---\n" + good + "...\n",
		"tagged":   strings.NewReplacer("contexts:", "!!str contexts:", "current-context:", "!!str current-context:", "clusters:", "!!str clusters:", "users:", "!!str users:").Replace(good),
		"explicit": strings.NewReplacer("\ncontexts:", "\n? contexts\n:", "\ncurrent-context:", "\n? current-context\n:").Replace(good),
	} {
		t.Run(name, func(t *testing.T) {
			one := files(t, map[string]string{"z": data})
			asFile, wrong := found(cluster.NewLoader(cluster.Options{Kubeconfigs: []string{one + "/z"}}).Load())
			if asFile == "" {
				t.Fatalf("it cannot be read: %s", wrong)
			}
			all := cluster.NewLoader(cluster.Options{Kubeconfigs: []string{one}}).Load()
			inDir, wrong := found(all)
			if inDir != asFile {
				t.Errorf("in a directory: usable %q wrong %q left out %q", inDir, wrong, all.LeftOut)
			}
		})
	}
}
