package cluster

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// passedOver are the hidden entries of a directory: a mounted Secret keeps its
// versions in them.
func passedOver(name string) bool { return strings.HasPrefix(name, ".") }

// spare says whether a file's name is that of a copy, a lock or a text beside the
// kubeconfigs of a directory. The content of a copy would tell nothing: it has the
// same contexts.
func spare(name string) bool {
	suffixes := strings.Fields(".bak .backup .old .orig .save .lock .tmp .swp .swo .part .rej .dpkg-old .dpkg-dist .dpkg-new .rpmsave .rpmnew .txt .md")
	return strings.HasSuffix(name, "~") || strings.HasPrefix(name, "#") ||
		slices.Contains(suffixes, strings.ToLower(filepath.Ext(name)))
}

// like says whether text that cannot be read as a kubeconfig is meant as one: it
// has one of a kubeconfig's own keys.
func like(data []byte) bool {
	return regexp.MustCompile(`(?m)^[\s{,"'-]*(clusters|contexts|current-context|users)["']?\s*:`).Match(data)
}
