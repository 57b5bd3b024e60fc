package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// publish makes a repository of the checkout as it stands, with what is not committed
// yet and without what git ignores, and puts it in the place of the module's address.
// So it needs no history, which a shallow clone or a tarball has not. Any other address
// is refused, instead of asked for over the network.
func (at *place) publish(t *testing.T) {
	t.Helper()
	origin := t.TempDir()
	at.env = append(slices.DeleteFunc(at.env, func(variable string) bool {
		return strings.HasPrefix(variable, "GIT_") // a hook's would name another repository
	}), "MAKEFLAGS=", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	env := append(slices.Clone(at.env), "ORIGIN="+origin,
		"GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@example.com", "GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@example.com")
	foreground(t, checkout, env, `git init --quiet --bare "$ORIGIN" && git=(git --git-dir="$ORIGIN" --work-tree=.) &&
		"${git[@]}" add --all && "${git[@]}" commit --quiet --message=checkout`)
	at.env = append(at.env, "GIT_ALLOW_PROTOCOL=file",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url."+origin+".insteadOf", "GIT_CONFIG_VALUE_0=https://"+module(t))
}

// clones runs the line in an empty folder. Its address is that of the module.
func clones(t *testing.T, at *place, line string) {
	if want := "git clone https://" + module(t); line != want {
		t.Errorf("%s: want %s", line, want)
	}
	wantGo := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))[1]
	if !strings.Contains(read(t, "README.md"), "Needs Go "+wantGo+" or newer") {
		t.Errorf("README does not say that Go %s is needed", wantGo)
	}
	foreground(t, at.dir, at.env, line)
}

// enters has the commands that follow run where the line leads: in the clone.
func enters(t *testing.T, at *place, line string) {
	at.dir = strings.TrimSpace(foreground(t, at.dir, at.env, line+" && pwd"))
	at.source = at.dir
	if _, err := os.Stat(filepath.Join(at.dir, "bin")); !os.IsNotExist(err) {
		t.Errorf("the clone has programs before they are built: %v", err)
	}
}

// module is the name that go.mod gives.
func module(t *testing.T) string {
	t.Helper()
	return regexp.MustCompile(`(?m)^module (\S+)$`).FindStringSubmatch(read(t, "go.mod"))[1]
}
