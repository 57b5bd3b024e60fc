package cluster

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// maxLabel is the longest name of a cluster, which is in each of its series. Those that
// programs make of an account, a zone or an address are much shorter.
const maxLabel = 512

// nameFault says why a name cannot be that of a cluster, if it cannot.
func nameFault(name string) error {
	switch {
	case len(name) > maxLabel:
		return fmt.Errorf("the cluster's name has %d bytes, and may have %d (--kubernetes.cluster-name-from can take another)", len(name), maxLabel)
	case !utf8.ValidString(name):
		return fmt.Errorf("the cluster's name %q is not valid UTF-8", name)
	}
	return nil
}

// shortened returns a name of a kubeconfig as it is shown. What is too long for a name is
// shown by its beginning, and by what tells it from others.
func shortened(name string) string {
	if len(name) <= maxLabel {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%.40s... (%d bytes, %x)", name, len(name), sum[:4])
}

// NameSources are the values of Options.NameFrom.
func NameSources() []string { return []string{"context", "cluster", "file", "file/context"} }

// nameOf returns the value of the label "cluster" for a context of a file. It is the
// context's own name if the kubeconfig has no other.
func (o Options) nameOf(path, context, cluster string) string {
	switch {
	case o.Name != "":
		return o.Name
	case o.NameFrom == "cluster" && cluster != "":
		return cluster
	case o.NameFrom == "file" && path != "":
		return stem(path)
	case o.NameFrom == "file/context" && path != "":
		return stem(path) + "/" + context
	}
	return context
}

// stem returns a file's name without the extensions that kubeconfigs have.
func stem(path string) string {
	name := filepath.Base(path)
	for _, extension := range strings.Fields(".yaml .yml .json .conf .config .kubeconfig") {
		if short := strings.TrimSuffix(name, extension); short != "" {
			name = short
		}
	}
	return name
}
