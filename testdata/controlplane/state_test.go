package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kube-node-manager/pod_count_exporter/testdata/controlplane/generate"
)

// counting stands for random numbers: it gives 0, 1, 2 and so on.
func counting() func(int) int {
	next := -1
	return func(n int) int {
		next++
		return next % n
	}
}

func mustOpen(t *testing.T, dir string, port int) *state {
	t.Helper()
	st, err := openState(dir, port, counting())
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestStateSurvives(t *testing.T) {
	dir := t.TempDir()
	first := mustOpen(t, dir, 0)
	if err := writeFile(first.path(fileReady), []byte("old")); err != nil {
		t.Fatal(err)
	}
	second := mustOpen(t, dir, 0)
	if *first != *second {
		t.Errorf("state %+v came back as %+v", *first, *second)
	}
	if _, err := os.Stat(first.path(fileReady)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old announcement is still there: %v", err)
	}
}

func TestStateKeepsThePortAskedFor(t *testing.T) {
	dir := t.TempDir()
	if st := mustOpen(t, dir, 23456); st.Port != 23456 {
		t.Errorf("port %d, want 23456", st.Port)
	}
	if _, err := openState(dir, 23457, counting()); err == nil || !strings.Contains(err.Error(), "--port") {
		t.Errorf("another port for the same folder: error %v, want one that names --port", err)
	}
}

func TestFreePortsDiffer(t *testing.T) {
	ports, err := freePorts(3, func(int) int { return 0 })
	if err == nil {
		t.Errorf("three times the same port: %v", ports)
	}
	ports, err = freePorts(3, counting())
	if err != nil || len(ports) != 3 || ports[0] == ports[1] || ports[1] == ports[2] {
		t.Errorf("ports %v, error %v, want three", ports, err)
	}
}

func TestCredentials(t *testing.T) {
	st := mustOpen(t, t.TempDir(), 0)
	if err := writeCredentials(st, time.Now()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(st.path(fileKubeconfig))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := clientcmd.RESTConfigFromKubeConfig(before)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cfg.CAData)
	for name, usage := range map[string]x509.ExtKeyUsage{
		"serving": x509.ExtKeyUsageServerAuth, "admin": x509.ExtKeyUsageClientAuth,
	} {
		pair, err := tls.LoadX509KeyPair(st.path(name+".crt"), st.path(name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		options := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}}
		if _, err := pair.Leaf.Verify(options); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := writeCredentials(st, time.Now()); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(st.path(fileKubeconfig)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("credentials changed on the second start (error %v)", err)
	}
	if info, err := os.Stat(st.path(fileKubeconfig)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("kubeconfig: %v, error %v, want mode 0600", info.Mode(), err)
	}
}

func TestEncodeIsStorageForm(t *testing.T) {
	cluster, err := generate.New(generate.Spec{Nodes: 1, Pods: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := cluster.Pod(0)
	data, err := encode(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(data, []byte("k8s\x00")) {
		t.Errorf("stored bytes begin with %q", data[:4])
	}
	scheme := k8sruntime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	got, kind, err := protobuf.NewSerializer(scheme, scheme).Decode(data, nil, nil)
	if err != nil || kind.Kind != "Pod" {
		t.Fatalf("decoded kind %v, error %v", kind, err)
	}
	if pod := got.(*corev1.Pod); pod.Name != want.Name || pod.Spec.NodeName != want.Spec.NodeName {
		t.Errorf("pod %s on %s came back as %s on %s", want.Name, want.Spec.NodeName, pod.Name, pod.Spec.NodeName)
	}
}

func TestParseFlagsRefuses(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"no folder":     {nil, "--dir"},
		"stray word":    {[]string{"--dir", "d", "start"}, "start"},
		"unknown flag":  {[]string{"--dirs", "d"}, "dirs"},
		"not a number":  {[]string{"--dir", "d", "--pods", "many"}, "pods"},
		"negative seed": {[]string{"--dir", "d", "--seed", "-1"}, "seed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := parseFlags(tt.args); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one that names %q", err, tt.want)
			}
		})
	}
}
