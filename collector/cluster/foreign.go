package cluster

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

const noKubeconfig = "it is no kubeconfig, or has no contexts"

// foreign returns why a file that never had clusters is not meant as a kubeconfig, or
// "".
func (c *candidate) foreign(now found) string {
	var limit exceeds
	switch {
	case now.mode.IsDir(): // even if it cannot be listed
		return "it is a directory"
	case errors.As(c.err, &limit):
		return limit.Error()
	case now.err != nil:
		return ""
	case !now.regular():
		return "it is not a regular file"
	case errors.Is(c.err, errNoContexts), c.err != nil && aboutOthers(c.path):
		return noKubeconfig
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

// aboutOthers says whether a file has the name of a text, which may be about kubeconfigs
// and have all that is looked for.
func aboutOthers(name string) bool {
	return slices.Contains([]string{".txt", ".md"}, strings.ToLower(filepath.Ext(name)))
}

// meant says whether data looks like a kubeconfig, readable or not: it must have contexts,
// or two of the other keys, as other files may have a list of users or of clusters, too.
func meant(data []byte) bool {
	keys := 0
	for key, value := range map[string]string{"clusters": "", "users": "", "kind": "Config", "apiVersion": "v1"} {
		if hasKey(data, key, value) {
			keys++
		}
	}
	return keys >= 2 || hasKey(data, "contexts", "") || hasKey(data, "current-context", "")
}

// hasKey says whether data has a key of YAML or JSON at the beginning of a line or of a
// mapping, with that value unless it is empty. Expressions take seconds for some MiB.
func hasKey(data []byte, key, value string) bool {
	for at := 0; ; at += len(key) {
		next := bytes.Index(data[at:], []byte(key))
		if next < 0 {
			return false
		}
		at += next
		if begins(data[:at]) && follows(data[at+len(key):], value) {
			return true
		}
	}
}

// begins says whether a key can come after data.
func begins(data []byte) bool {
	data = bytes.TrimRight(bytes.TrimRight(data, `"'`), " \t-")
	last, _ := utf8.DecodeLastRune(data)
	return len(data) == 0 || strings.ContainsRune(breaks+"{,", last)
}

// follows says whether data, which comes after a key, has a value that is wanted.
func follows(data []byte, value string) bool {
	data = bytes.TrimLeft(bytes.TrimLeft(data, `"'`), blanks)
	if len(data) == 0 || data[0] != ':' {
		return false
	}
	rest, has := bytes.CutPrefix(bytes.TrimLeft(data[1:], blanks+`"'`), []byte(value))
	next, _ := utf8.DecodeRune(rest)
	return value == "" || has && (len(rest) == 0 || strings.ContainsRune(blanks+`"',}`, next))
}
