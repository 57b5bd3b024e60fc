//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSystemdAuthorities wants each place where Go looks for public authorities on Linux
// in the service's file system, whatever the distribution.
func TestSystemdAuthorities(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(units, unit))
	must(t, err)
	var bound []string
	for _, line := range regexp.MustCompile(`(?m)^BindReadOnlyPaths=(.*)$`).FindAllStringSubmatch(string(text), -1) {
		for path := range strings.FieldsSeq(line[1]) {
			bound = append(bound, strings.TrimPrefix(path, "-"))
		}
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(command(t, "go", "env", "GOROOT")), "src/crypto/x509/root_linux.go"))
	must(t, err)
	places := regexp.MustCompile(`"(/etc/[^"]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(places) < 6 {
		t.Fatalf("Go looks at %q only", places)
	}
	for _, place := range places {
		if !slices.ContainsFunc(bound, func(path string) bool { return place[1] == path || strings.HasPrefix(place[1], path+"/") }) {
			t.Errorf("%s is hidden from the service: it sees %q", place[1], bound)
		}
	}
	for _, path := range bound {
		if slices.ContainsFunc([]string{"/etc/ssl/private", "/etc/pki/tls/private"}, func(keys string) bool { return strings.HasPrefix(keys, path) || strings.HasPrefix(path, keys) }) {
			t.Errorf("%s has private keys in it", path)
		}
	}
}
