package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestParsePeak(t *testing.T) {
	for name, c := range map[string]struct {
		status string
		want   int64
		ok     bool
	}{
		"among others":    {"Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t   23456 kB\nVmRSS:\t 7 kB\n", 23456 << 10, true},
		"a kernel thread": {"Name:\tkthreadd\n", 0, false},
		"another unit":    {"VmHWM:\t 5 MB\n", 0, false},
		"not a number":    {"VmHWM:\t many kB\n", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parsePeak(c.status)
			if got != c.want || (err == nil) != c.ok {
				t.Errorf("parsePeak = %d, %v; want %d, success %t", got, err, c.want, c.ok)
			}
		})
	}
}

func TestReadingsOfThisProcess(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if before <= 0 {
		t.Errorf("CPU time %s, want more than none", before)
	}
	after, err := cpuTime(os.Getpid())
	if err != nil || after < before {
		t.Errorf("CPU time went from %s to %s, %v", before, after, err)
	}
	if rss, err := peakRSS(os.Getpid()); err != nil || rss < 1<<20 {
		t.Errorf("peak memory %d, %v; want more than a MiB", rss, err)
	}
}

// TestCPUClock has the numbers that clock_getcpuclockid(3) gives.
func TestCPUClock(t *testing.T) {
	for pid, want := range map[int]int32{0: -6, 1: -14, 4321: -34574} {
		if got := cpuClock(pid); got != want {
			t.Errorf("cpuClock(%d) = %d, want %d", pid, got, want)
		}
	}
}

const exposition = `# TYPE node_active_pods gauge
node_active_pods{cluster="c",node="a"} 2
node_active_pods{cluster="c",node="b"} 0
# TYPE pod_count_unscheduled_pods gauge
pod_count_unscheduled_pods{cluster="c"} 1
# TYPE pod_count_unknown_node_pods gauge
pod_count_unknown_node_pods{cluster="c"} 3
# TYPE pod_count_success gauge
pod_count_success{cluster="c"} 1
# TYPE pod_count_response_bytes_total counter
pod_count_response_bytes_total{cluster="c"} 1.5e+06
# TYPE pod_count_duration_seconds histogram
pod_count_duration_seconds_bucket{cluster="c",le="+Inf"} 2
pod_count_duration_seconds_sum{cluster="c"} 0.25
pod_count_duration_seconds_count{cluster="c"} 2
`

func TestParseExposition(t *testing.T) {
	got, err := parseExposition(strings.NewReader(exposition))
	if err != nil {
		t.Fatal(err)
	}
	if err := got.check(truthOfTwo()); err != nil {
		t.Error(err)
	}
	if !got.success || got.bytes != 1.5e6 || got.took != 0.25 {
		t.Errorf("success %t, %v bytes, %v s; want true, 1.5e6, 0.25", got.success, got.bytes, got.took)
	}
}

func TestParseExpositionFails(t *testing.T) {
	for name, text := range map[string]string{
		"a family is missing": strings.Replace(exposition, "pod_count_success{", "pod_count_failure{", 1),
		"two clusters":        exposition + "pod_count_success{cluster=\"d\"} 1\n",
		"not an exposition":   "<html>",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := parseExposition(strings.NewReader(text)); err == nil {
				t.Errorf("no error, but %+v", got)
			}
		})
	}
}

func TestPlanOf(t *testing.T) {
	lines, err := parseLog([]byte(`{"level":"debug","msg":"Processed page","resource":"nodes","page":1,"nodes":104,"limit":500}
{"level":"info","msg":"Starting paginated pod count","nodes":104}
{"level":"debug","msg":"Processed page","resource":"pods","page":1,"pods":500,"limit":500}
{"level":"debug","msg":"Processed page","resource":"pods","page":2,"pods":77,"limit":1000}
{"level":"debug","msg":"Processed page","resource":"nodes","page":1,"nodes":0,"limit":500}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []page{{"nodes", 500}, {"pods", 500}, {"pods", 1000}}
	if got := planOf(lines); !slices.Equal(got, want) {
		t.Errorf("plan %v, want %v", got, want)
	}
	if _, err := parseLog([]byte("panic: no\n")); err == nil {
		t.Error("a line that is not JSON gave no error")
	}
}

func TestContinueToken(t *testing.T) {
	for name, c := range map[string]struct{ head, want string }{
		"a token":       {`{"kind":"Table","metadata":{"resourceVersion":"5","continue":"abc_-1"},"rows":[`, "abc_-1"},
		"the last page": {`{"kind":"Table","metadata":{"resourceVersion":"5"},"rows":[`, ""},
		"cut within":    {`{"metadata":{"continue":"ab`, ""},
		"nothing":       {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := continueToken([]byte(c.head)); got != c.want {
				t.Errorf("continueToken = %q, want %q", got, c.want)
			}
		})
	}
}

func TestParseFlags(t *testing.T) {
	both := []string{"-controlplane=c", "-exporter=e"}
	for name, c := range map[string]struct {
		args    []string
		want    string // in the error; "" for none
		nodes   int
		pods    []int
		without bool // the two binaries
	}{
		"defaults":               {nodes: 104, pods: []int{10000}},
		"nodes side":             {args: []string{"-scenario=nodes"}, nodes: 1000, pods: []int{10000, 100000}},
		"nodes side, own counts": {args: []string{"-scenario=nodes", "-nodes=7", "-pods=50"}, nodes: 7, pods: []int{50}},
		"growth":                 {args: []string{"-scenario=growth"}, nodes: 104, pods: []int{100000}},
		"fleet":                  {args: []string{"-scenario=fleet", "-controlplane="}, nodes: 100, pods: []int{10000}},
		"isolation":              {args: []string{"-scenario=isolation", "-controlplane="}, nodes: 20, pods: []int{1000}},
		"isolation of none":      {args: []string{"-scenario=isolation", "-clusters=0"}, want: "-clusters"},
		"fleet of several sizes": {args: []string{"-scenario=fleet", "-pods=1,2"}, want: "-pods"},
		"unknown scenario":       {args: []string{"-scenario=race"}, want: "-scenario"},
		"no time":                {args: []string{"-for=0s"}, want: "-for"},
		"several sizes":          {args: []string{"-pods=10,20"}, nodes: 104, pods: []int{10, 20}},
		"no pods":                {args: []string{"-pods=0"}, want: "-pods"},
		"no runs":                {args: []string{"-runs=0"}, want: "-runs"},
		"no counts":              {args: []string{"-counts=-1"}, want: "-counts"},
		"no binaries":            {without: true, want: "-controlplane"},
		"something else":         {args: []string{"fast"}, want: `"fast"`},
	} {
		t.Run(name, func(t *testing.T) {
			args := slices.Concat(both, c.args)
			if c.without {
				args = c.args
			}
			cfg, err := parseFlags(args)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want one with %s", err, c.want)
				}
				return
			}
			if err != nil || cfg.nodes != c.nodes || !slices.Equal(cfg.pods, c.pods) {
				t.Errorf("%d nodes, pods %v, %v; want %d, %v", cfg.nodes, cfg.pods, err, c.nodes, c.pods)
			}
		})
	}
}
