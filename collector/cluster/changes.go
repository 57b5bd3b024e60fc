package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd/api"
)

// Changed says whether a file is not what the latest Load may have seen: a
// kubeconfig, one that joins a directory or leaves it, or a file that one of them
// names. Files are read, not only looked at: a mounted Secret is replaced by moving
// a link, and network file systems tell no one of a change.
func (l *Loader) Changed() bool {
	now := l.look(l.places())
	maps.Copy(now, l.look(l.named))
	return !maps.Equal(now, l.seen)
}

// places are the paths to look for kubeconfigs at.
func (l *Loader) places() []string {
	if len(l.opts.Kubeconfigs) > 0 {
		return l.opts.Kubeconfigs
	}
	if list := l.env.Getenv("KUBECONFIG"); list != "" {
		return filepath.SplitList(list)
	}
	if l.opts.inPod(l.env) {
		return nil
	}
	home, err := l.env.Home()
	if err != nil {
		return nil
	}
	return []string{filepath.Join(home, ".kube", "config")}
}

// look gives what each of paths, and of the files in those that are directories,
// is, as a text that changes with it. A pipe is not read for it.
func (l *Loader) look(paths []string) map[string]string {
	seen := make(map[string]string)
	for _, path := range paths {
		if path == "" || seen[path] != "" || l.files[path] != nil && l.files[path].once {
			continue
		}
		now := l.reader.read(path)
		seen[path] = now.state()
		for _, entry := range now.entries {
			if child := filepath.Join(path, entry.Name()); !passedOver(entry.Name()) {
				seen[child] = l.reader.read(child).state()
			}
		}
	}
	return seen
}

// state is a text that changes with what was found.
func (f found) state() string {
	sum := sha256.Sum256(f.data)
	return fmt.Sprintf("%v %x %v %t", f.mode.Type(), sum, f.err, errors.Is(f.err, fs.ErrNotExist))
}

// digestOf is a text that changes with values and reveals nothing of them.
func digestOf(values ...any) (string, error) {
	data, err := json.Marshal(values)
	if err != nil {
		return "", fmt.Errorf("digesting the context: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// identityOf is a digest of what decides where a request ends up.
func identityOf(server *api.Cluster) (string, error) {
	authority, err := contentOf(server.CertificateAuthority, server.CertificateAuthorityData)
	if err != nil {
		return "", err
	}
	return digestOf(withoutUser(server.Server), withoutUser(server.ProxyURL), server.TLSServerName, authority)
}

// withoutUser is a URL without what may change while it leads to the same place.
func withoutUser(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	u.User = nil
	return u.String()
}
