package cluster

import (
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// foreign returns why a file that never had clusters is not meant as a kubeconfig, or
// "".
func (c *candidate) foreign(now found) string {
	switch {
	case now.mode.IsDir(): // even if it cannot be listed
		return "it is a directory"
	case errors.Is(now.err, errTooLarge):
		return now.err.Error()
	case now.err != nil:
		return ""
	case !now.regular():
		return "it is not a regular file"
	case !like(c.path, now.data, c.err):
		return "it is no kubeconfig, or has no contexts"
	}
	return ""
}

// passedOver says whether an entry of a directory is hidden: a mounted Secret keeps
// its versions in hidden entries.
func passedOver(name string) bool { return strings.HasPrefix(name, ".") }

// copyOfOther says whether a file has the name of a copy or a lock of another
// kubeconfig in the directory. The content would not show it: a copy has the same
// contexts.
func copyOfOther(name string) bool {
	suffixes := strings.Fields(".bak .backup .old .orig .save .lock .tmp .swp .swo .part .rej .dpkg-old .dpkg-dist .dpkg-new .rpmsave .rpmnew")
	return strings.HasSuffix(name, "~") || strings.HasPrefix(name, "#") ||
		slices.Contains(suffixes, strings.ToLower(filepath.Ext(name)))
}

// like says whether a regular file is meant as a kubeconfig. It is if it can be read
// as one. If not, it must have contexts, or two of the other keys, as other files may
// have a list of users or of clusters, too. A text about kubeconfigs may have all of
// them.
func like(path string, data []byte, err error) bool {
	switch {
	case err == nil:
		return true
	case errors.Is(err, errNoContexts), slices.Contains([]string{".txt", ".md"}, strings.ToLower(filepath.Ext(path))):
		return false
	}
	has := func(key string) bool {
		return regexp.MustCompile(`(?m)(^[\s-]*|[{,]\s*)["']?` + key).Match(data)
	}
	keys := 0
	for _, key := range []string{
		`clusters["']?\s*:`, `users["']?\s*:`, `kind["']?\s*:\s*["']?Config\b`, `apiVersion["']?\s*:\s*["']?v1["']?\s*([,}]|$)`,
	} {
		if has(key) {
			keys++
		}
	}
	return keys >= 2 || has(`(contexts|current-context)["']?\s*:`)
}
