package docs

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestLimit: what all checks take is said, too much is said loudly, and fails only where
// the limit is one that somebody has set.
func TestLimit(t *testing.T) {
	tools(t, "bash")
	for _, tt := range []struct {
		took, limit string
		loud        bool
		code        int
	}{
		{"4500", "", false, 0},
		{"4501", "", true, 0},
		{"4501", "6000", false, 0},
		{"61", "60", true, 1},
		{"60", "60", false, 0},
		{"60", "an hour", false, 1},
	} {
		cmd := exec.CommandContext(t.Context(), "../scripts/within-limit", tt.took)
		cmd.Env = append(slices.DeleteFunc(cmd.Environ(), func(v string) bool { return strings.HasPrefix(v, "CI_LIMIT=") }), "CI_LIMIT="+tt.limit)
		output, err := cmd.CombinedOutput()
		code := 0
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		loud := strings.Contains(string(output), "TOO SLOW: the checks took "+tt.took+"s")
		said := strings.HasPrefix(string(output), "=== all of it: "+tt.took+"s of ")
		if code != tt.code || loud != tt.loud || !said {
			t.Errorf("%s s with the limit %q: code %d, loud %t, want %d and %t:\n%s", tt.took, tt.limit, code, loud, tt.code, tt.loud, output)
		}
	}
	if !strings.HasSuffix(read(t, ".ci/run"), "\nscripts/within-limit \"$SECONDS\"\n") {
		t.Error(".ci/run does not end with the comparison of its time")
	}
}
