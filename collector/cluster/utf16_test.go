package cluster_test

import (
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// utf16BE is s in UTF-16 of the other order.
func utf16BE(s string) string {
	b := []byte(utf16LE(s))
	for i := 0; i < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

// TestUTF16 has a file in UTF-16, alone and in a directory, be what it would be in UTF-8. One
// that is cut off or broken gives no cluster, and nobody sees another character in its place.
func TestUTF16(t *testing.T) {
	const tooMany, broken = "more than 100,000 entries", "it is in UTF-16, and cut off or broken"
	good := oneContext("https://one.example")
	many := "contexts:\n" + strings.Repeat("- a\n", 100_001)
	surrogate := func(unit string) string { return utf16LE(good+"# ") + unit + utf16LE("\n")[2:] }
	for _, tt := range []struct {
		name, data string
		alone      string // the problem of the file where it is named; empty if it can be used
		leftOut    string // why a directory leaves it out; empty if it does not
	}{
		{"little endian", utf16LE(good), "", ""},
		{"big endian", utf16BE(good), "", ""},
		{"characters of two units", utf16LE(good + "# \U0001f600\n"), "", ""},
		{"contexts alone", utf16LE("contexts: []\n"), "has no contexts", "it is no kubeconfig, or has no contexts"},
		{"a mark alone", utf16LE(""), "has no contexts", "it is no kubeconfig, or has no contexts"},
		{"pods", utf16LE("apiVersion: v1\nitems: []\nkind: List\n"), "its kind is not Config", "it is no kubeconfig, or has no contexts"},
		{"a log that is cut off", utf16LE("a line\n") + "x", broken, "it is no kubeconfig, or has no contexts"},
		{"too many entries", utf16LE(many), tooMany, tooMany},
		{"too many entries, big endian", utf16BE(many), tooMany, tooMany},
		{"an error of YAML", utf16LE(good + "a: 'b\n"), "not a valid kubeconfig (line", ""},
		{"half a character", utf16LE(good) + "x", broken, ""},
		{"the first half of two units", surrogate("\x3d\xd8"), broken, ""},
		{"the second half of two units", surrogate("\x00\xde"), broken, ""},
		{"the first half at the end", utf16LE(good+"# ") + "\x3d\xd8", broken, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := files(t, map[string]string{"z": tt.data})
			usable, wrong := found(cluster.NewLoader(cluster.Options{Kubeconfigs: []string{dir + "/z"}}).Load())
			if (usable == "only") != (tt.alone == "") || (wrong == "") != (tt.alone == "") || !strings.Contains(wrong, tt.alone) {
				t.Errorf("alone: can be used: %q; wrong: %.200q", usable, wrong)
			}
			why := ""
			for _, file := range cluster.NewLoader(cluster.Options{Kubeconfigs: []string{dir}}).Load().LeftOut {
				why = file.Why
			}
			if why != tt.leftOut {
				t.Errorf("a directory leaves it out for %q, want %q", why, tt.leftOut)
			}
		})
	}
}
