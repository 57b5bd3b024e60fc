package cluster_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"k8s.io/klog/v2"
)

// pluginEnv makes the test binary a credential plugin; its value says which.
const pluginEnv = "CLUSTER_TEST_PLUGIN"

func TestMain(m *testing.M) {
	if kind := os.Getenv(pluginEnv); kind != "" {
		os.Exit(plugin(kind))
	}
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // or workers of client-go would read os.Stderr while it is replaced
	os.Exit(m.Run())
}

// plugin does what a credential plugin does, well or badly. It always prints
// the canary to standard error, too.
func plugin(kind string) int {
	_, _ = fmt.Fprintln(os.Stderr, canary)
	kind, place, _ := strings.Cut(kind, " ")
	switch kind {
	case "token":
		fmt.Println(execCredential(canary))
	case "rotating":
		token, err := os.ReadFile(place)
		if err != nil {
			return 1
		}
		fmt.Println(execCredential(string(token)))
	case "garbage":
		fmt.Println(canary)
	case "other":
		fmt.Println(`{"apiVersion":"` + canary + `/v1","kind":"` + canary + `"}`)
	case "hang":
		return hang(place)
	case "say":
		return say(place)
	case "leave":
		return leave(place)
	case "flood":
		for text := bytes.Repeat([]byte(strings.ReplaceAll(place, "@", "\x00")), 4<<10); ; {
			if _, err := os.Stderr.Write(text); err != nil {
				return 1
			}
		}
	case "fail":
		fmt.Println(canary)
		return 3
	}
	return 0
}

// say fails, with something on standard error.
func say(what string) int {
	texts := map[string]string{
		"lines":    "first\nsecond\n \n",
		"open end": "first\nsecond",
		"value":    "the value is say value\x07 (" + os.Getenv("CLUSTER_TEST_VALUE") + ")\n",
		"line":     "line-of-a-key is no key\n",
		"flood":    strings.Repeat("a line that is one of many\n", 10_000) + "the end\n",
		"long":     strings.Repeat("x", 1<<20) + "\n",
		"marks":    "one\x00two\x00three\n",
		"nothing":  "",
	}
	_, _ = fmt.Fprint(os.Stderr, texts[what])
	return 1
}

// leave fails, and leaves a process behind that prints what for as long as anybody could
// read it.
func leave(what string) int {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), pluginEnv+"=flood "+what)
	child.Stderr = os.Stderr
	_ = child.Start() // nothing is printed otherwise, which fails the test
	return 1
}

func execCredential(token string) string {
	return `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"` + token + `"}}`
}

// hang lasts until the test that listens at address ends.
func hang(address string) int {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 1
	}
	_, _ = io.Copy(io.Discard, conn)
	return 0
}

// hold accepts connections, and keeps them until the test ends.
func hold(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var held []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			held = append(held, conn)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
		for _, conn := range held {
			_ = conn.Close()
		}
	})
	return listener.Addr().String()
}
