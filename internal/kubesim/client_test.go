package kubesim

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

func TestPipeWithClientGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, func(c *Config) { small(c); c.Token = "s3cret" })
		config, stop := s.Start()
		client, err := rest.HTTPClientFor(config)
		if err != nil {
			t.Fatal(err)
		}
		get := func() (int, error) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, config.Host+"/api/v1/nodes", nil)
			if err != nil {
				return 0, err
			}
			response, err := client.Do(r)
			if err != nil {
				return 0, err
			}
			return response.StatusCode, response.Body.Close()
		}
		if code, err := get(); err != nil || code != http.StatusOK {
			t.Errorf("status %d, error %v through the pipe, want 200", code, err)
		}
		stop()
		if _, err := get(); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("error %v after the server's end, want a refused connection", err)
		}
		client.CloseIdleConnections()
	})
}

func TestPipeClosed(t *testing.T) {
	p := Pipe()
	if err := errors.Join(p.Close(), p.Close()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if _, err := p.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept gives %v after Close, want %v", err, net.ErrClosed)
	}
}

func TestWriteKubeconfig(t *testing.T) {
	s := newServer(t, func(c *Config) { small(c); c.Cluster, c.Token = "blue", "s3cret" })
	_, caPEM, err := Certificate()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteKubeconfig(path, "https://127.0.0.1:1", caPEM); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600 although the old file was readable for all", info.Mode().Perm())
	}
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if config.CurrentContext != "blue" || config.AuthInfos["blue"].Token != "s3cret" || config.Clusters["blue"].Server != "https://127.0.0.1:1" {
		t.Errorf("kubeconfig %+v, want context, user and cluster blue", config)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("%d files beside the kubeconfig (error %v), want none", len(entries)-1, err)
	}
}

func TestWriteKubeconfigFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "kubeconfig")
	err := newServer(t, small).WriteKubeconfig(path, "http://127.0.0.1:1", nil)
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names %s", err, path)
	}
}
