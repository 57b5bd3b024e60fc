package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
)

// state is where things are: DIR/state.json keeps the ports, so that what has
// been told an address finds the same server there after a restart.
type state struct {
	dir string

	Port       int    `json:"port"`
	EtcdClient string `json:"etcdClient"`
	EtcdPeer   string `json:"etcdPeer"`
}

// Names of the files in DIR that others read.
const (
	fileState      = "state.json"
	fileTruth      = "truth.json"
	fileReady      = "ready"
	fileKubeconfig = "admin.kubeconfig"
	fileCA         = "ca.crt"
	fileCAKey      = "ca.key"
	fileTokens     = "tokens.csv"
	fileLog        = "apiserver.log"
	fileEtcdLog    = "etcd.log"
	dirEtcd        = "etcd"
)

func (s *state) path(name string) string { return filepath.Join(s.dir, name) }

func (s *state) url() string { return fmt.Sprintf("https://127.0.0.1:%d", s.Port) }

// openState takes up the state in dir or begins a new one.
func openState(dir string, port int, random func(n int) int) (*state, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("--dir: %w", err)
	}
	st, err := readState(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		st, err = newState(dir, port, random)
	case err == nil && port != 0 && port != st.Port:
		err = fmt.Errorf("--port: %s belongs to port %d, not %d", dir, st.Port, port)
	}
	if err != nil {
		return nil, err
	}
	// What an earlier process announced is not true of this one yet.
	if err := os.Remove(st.path(fileReady)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing the old announcement: %w", err)
	}
	return st, nil
}

func readState(dir string) (*state, error) {
	st := &state{dir: dir}
	data, err := os.ReadFile(st.path(fileState))
	if err != nil {
		return nil, fmt.Errorf("reading state: %w", err)
	}
	if err := json.Unmarshal(data, st); err != nil {
		return nil, fmt.Errorf("reading %s: %w", st.path(fileState), err)
	}
	return st, nil
}

func newState(dir string, port int, random func(n int) int) (*state, error) {
	ports, err := freePorts(3, random)
	if err != nil {
		return nil, err
	}
	st := &state{
		dir: dir, Port: ports[0],
		EtcdClient: fmt.Sprintf("http://127.0.0.1:%d", ports[1]),
		EtcdPeer:   fmt.Sprintf("http://127.0.0.1:%d", ports[2]),
	}
	if port != 0 {
		st.Port = port
	}
	return st, writeJSON(st.path(fileState), st)
}

// freePorts finds ports below those that the kernel gives to outgoing
// connections (32768 and up on Linux): a client that keeps trying to reach a
// server that is down must not be given its port, nor connect to itself.
func freePorts(n int, random func(n int) int) ([]int, error) {
	const low, high, attempts = 20000, 32000, 1000
	var ports []int
	for range attempts {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", low+random(high-low)))
		if err != nil {
			continue
		}
		// Held open until all are found, so that none is found twice.
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		if len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("no free port from %d to %d", low, high)
}

func writeJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return writeFile(path, append(data, '\n'))
}

// writeFile shows the file to others only when it is whole. Nobody else on the
// machine may read it.
func writeFile(path string, data []byte) error {
	part := path + ".part"
	if err := os.WriteFile(part, data, 0o600); err != nil {
		return err
	}
	return os.Rename(part, path)
}
