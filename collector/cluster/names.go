package cluster

import (
	"path/filepath"
	"strings"
)

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
