package cluster_test

import (
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

func TestRedact(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"harmless", "dial tcp 10.0.0.1:443: connection refused", "dial tcp 10.0.0.1:443: connection refused"},
		{"URL without a user", `Get "https://host/api": EOF`, `Get "https://host/api": EOF`},
		{"user in a URL", `Get "https://token@host/api": EOF`, `Get "https://***@host/api": EOF`},
		{"user and password in the second URL", "from http://a to http://u:p@b:1 now", "from http://a to http://***@b:1 now"},
		{"password with an at sign", "http://u:p@w@host", "http://***@host"},
		{"output of a credential plugin", `getting credentials: decoding stdout: no kind "secret"`, "getting credentials: decoding stdout"},
		{"version told by a credential plugin", "API version v1, plugin returned version secret", "API version v1, plugin returned version"},
		{"hint of a credential plugin", "exec: executable aws not found\n\nIt looks like\nsecret", "exec: executable aws not found"},
		{"proxy of the environment", `invalid proxy address "http://u:p%zz@h": parse`, "invalid proxy address"},
		{"control characters", "a\tb\x1b[31mc\r\n", "a b [31mc"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := cluster.Redact(tt.text); got != tt.want {
				t.Errorf("Redact(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}
