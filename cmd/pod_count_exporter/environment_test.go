package main

import (
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

func TestEnvironment(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		args []string
		got  func(*flags) any
		want any
	}{
		{
			name: "a duration", env: map[string]string{"COLLECTOR_CACHE_TTL": "7m"},
			got: func(f *flags) any { return f.cache.CacheTTL }, want: 7 * time.Minute,
		},
		{
			name: "the command line wins", env: map[string]string{"COLLECTOR_CACHE_TTL": "7m"}, args: []string{"--collector.cache-ttl=8m"},
			got: func(f *flags) any { return f.cache.CacheTTL }, want: 8 * time.Minute,
		},
		{
			name: "a number", env: map[string]string{"COLLECTOR_PAGE_SIZE": "250"},
			got: func(f *flags) any { return f.pages.PageSize }, want: 250,
		},
		{
			name: "a switch", env: map[string]string{"WEB_ENABLE_PPROF": "true"},
			got: func(f *flags) any { return f.pprof }, want: true,
		},
		{
			name: "a switch that is off", env: map[string]string{"WEB_ENABLE_PPROF": "false"},
			got: func(f *flags) any { return f.pprof }, want: false,
		},
		{
			name: "a switch that the command line turns off", env: map[string]string{"WEB_ENABLE_PPROF": "true"}, args: []string{"--no-web.enable-pprof"},
			got: func(f *flags) any { return f.pprof }, want: false,
		},
		{
			name: "one value of a repeatable flag", env: map[string]string{"COLLECTOR_NAMESPACE": "a"},
			got: func(f *flags) any { return f.pages.Namespaces }, want: []string{"a"},
		},
		{
			name: "a line for each value of a repeatable flag", env: map[string]string{"KUBERNETES_CONTEXT": "a\nb c\n"},
			got: func(f *flags) any { return f.clusters.Contexts }, want: []string{"a", "b c"},
		},
		{
			name: "the command line replaces all values", env: map[string]string{"KUBECONFIG": "a\nb"}, args: []string{"--kubeconfig=c"},
			got: func(f *flags) any { return f.clusters.Kubeconfigs }, want: []string{"c"},
		},
		{
			name: "a flag of the exporter toolkit", env: map[string]string{"WEB_CONFIG_FILE": "web.yml"},
			got: func(f *flags) any { return *f.web.WebConfigFile }, want: "web.yml",
		},
		{
			name: "a repeatable flag of the exporter toolkit", env: map[string]string{"WEB_LISTEN_ADDRESS": ":1\n:2"},
			got: func(f *flags) any { return *f.web.WebListenAddresses }, want: []string{":1", ":2"},
		},
		{
			name: "empty is not set", env: map[string]string{"COLLECTOR_CACHE_TTL": "", "WEB_LISTEN_ADDRESS": "", "SHARD": ""},
			got:  func(f *flags) any { return []any{f.cache.CacheTTL, *f.web.WebListenAddresses, f.shard} },
			want: []any{5 * time.Minute, []string{defaultAddress}, ""},
		},
		{
			name: "the whole word for a log level", env: map[string]string{"LOG_LEVEL": "warning"},
			got: func(f *flags) any { return f.logLevel }, want: "warn",
		},
		{
			name: "names that are no flags", env: map[string]string{"VERSION": "0.1.0", "HELP": "yes", "PORT": "tcp://10.0.0.1:10120", "SERVICE_HOST": "10.0.0.1"},
			got: func(f *flags) any { return *f.web.WebListenAddresses }, want: []string{defaultAddress},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, value := range tt.env {
				t.Setenv("POD_COUNT_EXPORTER_"+name, value)
			}
			f, done, err := parseFlags(tt.args, io.Discard)
			if err != nil || done {
				t.Fatalf("done %t, error %v", done, err)
			}
			if got := tt.got(f); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestEnvironmentIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"COLLECTOR_CACHE_TTL", "soon", `COLLECTOR_CACHE_TTL="soon": --collector.cache-ttl="soon": not a duration like 500ms, 30s or 5m`},
		{"COLLECTOR_PAGE_SIZE", "many", `COLLECTOR_PAGE_SIZE="many": --collector.page-size="many": not a whole number`},
		{"COLLECTOR_PAGE_SIZE", "99999999999999999999", `COLLECTOR_PAGE_SIZE="99999999999999999999": --collector.page-size="99999999999999999999": is out of range`},
		{"LOG_LEVEL", "loud", `LOG_LEVEL="loud": --log.level="loud": must be one of debug, info, warn, error`},
		{"WEB_ENABLE_PPROF", "perhaps", `WEB_ENABLE_PPROF="perhaps": must be true or false`},
		{"WEB_SYSTEMD_SOCKET", "perhaps", `WEB_SYSTEMD_SOCKET="perhaps": must be true or false`},
		// What the flags' values are together is looked at later.
		{"WEB_MAX_REQUESTS", "-1", `WEB_MAX_REQUESTS: --web.max-requests=-1: must not be negative`},
		{"SHARD", "9", `SHARD: --shard="9": must be INDEX/COUNT or auto/COUNT`},
		{"COLLECTOR_NAMESPACE", "a\na", `COLLECTOR_NAMESPACE: --collector.namespace: "a" is given twice`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("POD_COUNT_EXPORTER_"+tt.name, tt.value)
			if got, want := refuse(t, exitUsage), program+": error: POD_COUNT_EXPORTER_"+tt.want; got != want {
				t.Errorf("error\n%s, want\n%s", got, want)
			}
		})
	}
}

// A variable that has no effect, as the command line wins, is at no fault.
func TestEnvironmentIsNotBlamed(t *testing.T) {
	t.Setenv("POD_COUNT_EXPORTER_WEB_MAX_REQUESTS", "5")
	t.Setenv("POD_COUNT_EXPORTER_KUBECONFIG", "/nonexistent/variable")
	if line := refuse(t, exitUsage, "--web.max-requests=-1"); strings.Contains(line, "MAX_REQUESTS") {
		t.Errorf("the variable is blamed: %s", line)
	}
	if line := refuse(t, exitFailed); !strings.HasPrefix(line, program+`: error: POD_COUNT_EXPORTER_KUBECONFIG: --kubeconfig="/nonexistent/variable": `) {
		t.Errorf("the variable is not named: %s", line)
	}
}

// TestKubeconfigInItsVariable has the text of a kubeconfig where its path belongs. The
// variable may have a path in each line, so a line could be shown as one.
func TestKubeconfigInItsVariable(t *testing.T) {
	yaml := "apiVersion: v1\nusers:\n- name: u\n  user:\n    token: " + canary + "\n    password: " + canary
	path := serveSim(t)
	for name, text := range map[string]string{
		"YAML":                 yaml,
		"JSON":                 "{\n\"users\": [{\n\"token\":\n\"" + canary + "\"}]\n}",
		"base64":               "YXBpVmVyc2lvbjog\n" + canary + "\nZXJz",
		"a token":              "token\n" + canary,
		"YAML after a path":    path + "\n" + yaml,
		"YAML between paths":   path + "\n" + yaml + "\n" + path,
		"a token after a path": path + "\n" + canary,
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("POD_COUNT_EXPORTER_KUBECONFIG", text)
			if line := refuse(t, exitFailed); !strings.Contains(line, "do not look like a path") {
				t.Errorf("refused with %s", line)
			}
		})
	}
	t.Setenv("POD_COUNT_EXPORTER_KUBECONFIG", path+"\n/nonexistent/other")
	if f, _, err := parseFlags(nil, io.Discard); err != nil || !slices.Equal(f.clusters.Kubeconfigs, []string{path, "/nonexistent/other"}) {
		t.Errorf("two paths are %q, error %v", f.clusters.Kubeconfigs, err)
	}
}

// TestFlagsOutOfAPipe has the command line in a pipe, which can be read once.
func TestFlagsOutOfAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "flags")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { _ = os.WriteFile(pipe, []byte("--kubeconfig=/a\n--web.max-requests=7\n"), 0o600) }()
	t.Setenv("POD_COUNT_EXPORTER_KUBECONFIG", "/b")
	f, _, err := parseFlags([]string{"@" + pipe}, io.Discard)
	if err != nil || !slices.Equal(f.clusters.Kubeconfigs, []string{"/a"}) || f.variables["kubeconfig"] != "" {
		t.Errorf("kubeconfigs %q, variables %v, error %v", f.clusters.Kubeconfigs, f.variables, err)
	}
}

// --help is where the variables are looked up, so it names every flag's own.
func TestHelpNamesTheVariables(t *testing.T) {
	var help strings.Builder
	if _, done, err := parseFlags([]string{"--help"}, &help); err != nil || !done {
		t.Fatalf("done %t, error %v", done, err)
	}
	flags := 0
	for line := range strings.Lines(help.String()) {
		name, isFlag := strings.CutPrefix(strings.TrimSpace(line), "--")
		if !isFlag {
			continue
		}
		name = strings.FieldsFunc(strings.TrimPrefix(name, "[no-]"), func(r rune) bool { return r == ' ' || r == '=' })[0]
		variable := "($POD_COUNT_EXPORTER_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(name)) + ")"
		ends := slices.Contains([]string{"version", "help-long", "help-man"}, name)
		if named := strings.Contains(help.String(), variable); named == ends {
			t.Errorf("--%s: the help names %s: %t", name, variable, named)
		}
		flags++
	}
	if flags < 15 {
		t.Errorf("%d flags in the help, want all of them:\n%s", flags, help.String())
	}
}

// A placeholder that kingpin makes of a flag's name reads badly.
func TestHelpHasMetavariables(t *testing.T) {
	var help strings.Builder
	if _, _, err := parseFlags([]string{"--help"}, &help); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(help.String()) {
		name, value, isFlag := strings.Cut(strings.Fields(line + " -")[0], "=")
		if isFlag && (value == `""` || strings.EqualFold(value, strings.TrimPrefix(name, "--"))) {
			t.Errorf("no metavariable: %s", line)
		}
	}
}

func TestUnknownVariables(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		want    []string
	}{
		{"none", []string{"PATH=/bin", "POD_NAME=pod-count-exporter-0", "POD_COUNT=1"}, nil},
		{"those of flags", []string{"POD_COUNT_EXPORTER_COLLECTOR_CACHE_TTL=1m", "POD_COUNT_EXPORTER_WEB_CONFIG_FILE=a"}, nil},
		{
			"misspelt ones, sorted", []string{"POD_COUNT_EXPORTER_WEB_PORT=10121", "POD_COUNT_EXPORTER_COLECTOR_CACHE_TTL=1m"},
			[]string{"POD_COUNT_EXPORTER_COLECTOR_CACHE_TTL", "POD_COUNT_EXPORTER_WEB_PORT"},
		},
		{"with dashes, as the flag has them", []string{"POD_COUNT_EXPORTER_COLLECTOR_CACHE-TTL=1m"}, []string{"POD_COUNT_EXPORTER_COLLECTOR_CACHE-TTL"}},
		{"in small letters", []string{"pod_count_exporter_log_level=debug"}, nil},
		{"empty, which is not set", []string{"POD_COUNT_EXPORTER_COLECTOR_CACHE_TTL="}, nil},
		{"of a flag that has none", []string{"POD_COUNT_EXPORTER_VERSION=0.1.0", "POD_COUNT_EXPORTER_HELP=yes"}, nil},
		{"of a Service", service("POD_COUNT_EXPORTER"), nil},
		{"of a Service with a longer name", service("POD_COUNT_EXPORTER_METRICS"), nil},
		{
			"beside those of a Service", append(service("POD_COUNT_EXPORTER"), "POD_COUNT_EXPORTER_SERVICE=1", "POD_COUNT_EXPORTER_PORTS=1", "POD_COUNT_EXPORTER_WEB_PORT=1"),
			[]string{"POD_COUNT_EXPORTER_PORTS", "POD_COUNT_EXPORTER_SERVICE", "POD_COUNT_EXPORTER_WEB_PORT"},
		},
		{"like those of a Service that is not there", []string{"POD_COUNT_EXPORTER_PORT=10121"}, []string{"POD_COUNT_EXPORTER_PORT"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			app := kingpin.New(program, "").Version("")
			define(app)
			if got := unknownVariables(app, tt.environ); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// service is what the kubelet sets for a Service with one named port.
func service(prefix string) (environ []string) {
	for _, entry := range []string{
		"SERVICE_HOST=10.0.0.1", "SERVICE_PORT=10120", "SERVICE_PORT_HTTP=10120", "PORT=tcp://10.0.0.1:10120", "PORT_10120_TCP=tcp://10.0.0.1:10120",
		"PORT_10120_TCP_PROTO=tcp", "PORT_10120_TCP_PORT=10120", "PORT_10120_TCP_ADDR=10.0.0.1",
	} {
		environ = append(environ, prefix+"_"+entry)
	}
	return environ
}

// A variable that has no effect is told of once, by its name alone.
func TestUnknownVariableIsLogged(t *testing.T) {
	for _, entry := range service("POD_COUNT_EXPORTER") {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	for name, want := range map[string]string{
		"POD_COUNT_EXPORTER_COLECTOR_CACHE_TTL": `level=warn \S+ msg="Ignored variables of the environment that belong to no flag" variables=POD_COUNT_EXPORTER_COLECTOR_CACHE_TTL\n`,
		"POD_COUNT_EXPORTER_LOG_LEVEL":          "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "info")
			e := start(t, "--kubeconfig="+serveSim(t))
			e.log.await(t, "Completed paginated pod count")
			log := e.log.String()
			told := regexp.MustCompile(`.*Ignored variables.*\n`).FindAllString(log, -1)
			if want == "" && len(told) > 0 || want != "" && (len(told) != 1 || !regexp.MustCompile(want).MatchString(told[0])) {
				t.Errorf("told %q, want %q", told, want)
			}
		})
	}
}

// The start may fail for want of the variable that is misspelt.
func TestUnknownVariableBesideAnError(t *testing.T) {
	t.Setenv("POD_COUNT_EXPORTER_KUBECONFG", "/etc/kubeconfig")
	for args, code := range map[string]int{"--log.level=info": exitFailed, "--collector.cache-ttl=2h": exitUsage, "--nothing": exitUsage} {
		var stderr strings.Builder
		if got := run(t.Context(), []string{args}, noEnv(), io.Discard, &stderr); got != code {
			t.Errorf("%s: exit code %d, want %d", args, got, code)
		}
		if text := stderr.String(); !strings.HasSuffix(text, " (of the environment, these variables belong to no flag: POD_COUNT_EXPORTER_KUBECONFG)\n") {
			t.Errorf("%s: %q", args, text)
		}
	}
}
