package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd/api"
)

// Digest changes when a file that Load reads does, or when one joins a directory
// or leaves it. Files are read, not only looked at: a mounted Secret is replaced
// by moving a link, and network file systems tell no one of a change. It is
// empty when Load reads no file.
func Digest(opts Options) string {
	env := opts.Env.withDefaults()
	paths := opts.Kubeconfigs
	switch list := env.Getenv("KUBECONFIG"); {
	case len(paths) > 0:
	case list != "":
		paths = filepath.SplitList(list)
	case opts.inPod(env):
		return ""
	default:
		home, err := env.Home()
		if err != nil {
			return ""
		}
		paths = []string{filepath.Join(home, ".kube", "config")}
	}
	sum := sha256.New()
	for _, path := range paths {
		digestPath(sum, path)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func digestPath(sum hash.Hash, path string) {
	files, err := expand(path)
	// Writing to a hash never fails. What cannot be read is part of it, so that
	// its return is a change.
	_, _ = fmt.Fprintf(sum, "%q %v\n", path, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		_, _ = fmt.Fprintf(sum, "%q %v %d\n", file, err, len(data))
		_, _ = sum.Write(data)
	}
}

// keyOf is a digest of all that a context's client is made of.
func keyOf(server *api.Cluster, user *api.AuthInfo) (string, error) {
	data, err := json.Marshal([]any{server, user})
	if err != nil {
		return "", fmt.Errorf("digesting the context: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}
