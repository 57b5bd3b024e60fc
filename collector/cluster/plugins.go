package cluster

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// Plugins receives what credential plugins print to standard error. It is meant for
// the debug log: the author of a plugin decides what it prints.
type Plugins struct {
	tell func(cluster, line string)

	mu sync.Mutex
	// client-go keeps its state of a plugin, standard error included, for as long as
	// the process lives, and shares it among clusters. So does known, for as long as
	// there are clients.
	known map[string]*stderr
	// closed counts how often the last client of a plugin was released.
	closed map[string]int
}

// NewPlugins returns a Plugins that passes the last line that a plugin has printed
// during a request to tell: one printable line, without the values of the plugin's
// environment. tell may be called from several goroutines.
func NewPlugins(tell func(cluster, line string)) *Plugins {
	return &Plugins{tell: tell, known: make(map[string]*stderr), closed: make(map[string]int)}
}

// stderrOf returns the stderr of a plugin. Plugins that are the same to client-go
// share one: client-go writes to the pipe that came with the first of them. The pipe
// is closed with the last client; a later one must look like another plugin to
// client-go.
func (p *Plugins) stderrOf(plugin *api.ExecConfig) (*stderr, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := fmt.Sprintf("%q %q %q", plugin.Command, plugin.Args, plugin.Env)
	if n := p.closed[key]; n > 0 {
		plugin.StdinUnavailableMessage = fmt.Sprintf("%s (%d)", unattended, n)
	}
	s := p.known[key]
	if s == nil {
		var err error
		if s, err = newStderr(func(s *stderr) bool { return p.forget(key, s) }); err != nil {
			return nil, err
		}
		p.known[key] = s
	}
	s.clients++
	return s, nil
}

// forget removes a plugin, if its last client is gone, and says whether it is.
func (p *Plugins) forget(key string, s *stderr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.clients--; s.clients > 0 {
		return false
	}
	delete(p.known, key)
	p.closed[key]++
	return true
}

// hear builds a client and wraps its transport so that its plugin's standard error is
// read.
func (p *Plugins) hear(cluster string, plugin *api.ExecConfig, build func() (http.RoundTripper, error)) (http.RoundTripper, *stderr, error) {
	s, err := p.stderrOf(plugin)
	if err != nil {
		return nil, nil, err
	}
	var next http.RoundTripper
	err = withStderr(s.write, func() error {
		next, err = build()
		return err
	})
	if err != nil {
		s.release()
		return nil, nil, err
	}
	return heard{next: next, stderr: s, tell: func(line string) {
		p.tell(cluster, redact.Line(environmentOf(plugin).Hide(line)))
	}}, s, nil
}

// shortestValue is the shortest value that is hidden: anything shorter, such as 1 or
// C, is part of too many words.
const shortestValue = 4

// environmentOf returns an Exchange that knows the values of a plugin's environment.
func environmentOf(plugin *api.ExecConfig) *redact.Exchange {
	var values []string
	for _, variable := range plugin.Env {
		values = append(values, variable.Value)
	}
	for _, variable := range os.Environ() {
		_, value, _ := strings.Cut(variable, "=")
		values = append(values, value)
	}
	var long []string
	for _, value := range values {
		// A plugin may print a key in many lines, and only the last is shown.
		for _, text := range append(strings.Split(value, "\n"), value) {
			if len(text) >= shortestValue {
				long = append(long, text)
			}
		}
	}
	return redact.Of(long...)
}

// heard passes on what a credential plugin prints during the requests that it sends.
type heard struct {
	next   http.RoundTripper
	stderr *stderr
	tell   func(line string)
}

// RoundTrip sends req.
func (t heard) RoundTrip(req *http.Request) (*http.Response, error) {
	t.stderr.begin()
	defer func() {
		if line := t.stderr.end(); line != "" {
			t.tell(line)
		}
	}()
	return t.next.RoundTrip(req)
}

// WrappedRoundTripper is how client-go's helpers look through wrappers.
func (t heard) WrappedRoundTripper() http.RoundTripper { return t.next }
