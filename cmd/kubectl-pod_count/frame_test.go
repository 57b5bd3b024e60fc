package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// sightWith is a cluster that has been looked at.
func sightWith(r *result, change func(*sight)) *sight {
	s := &sight{result: &result{name: r.name, err: r.err}}
	if r.snapshot != nil {
		snapshot := *r.snapshot
		snapshot.Mode = podcount.ModeWatch
		s.snapshot = &snapshot
	}
	if change != nil {
		change(s)
	}
	return s
}

func fallenBack(s *sight) {
	s.snapshot.Mode = podcount.ModeList
	s.streams.fallback = &podcount.PageError{Resource: podcount.Pods, Reason: podcount.Forbidden, Err: errors.New(`cannot watch resource "pods"`)}
}

func cutOff(s *sight) {
	s.err, s.age = &podcount.PageError{Resource: podcount.Pods, Reason: podcount.Network, Err: errors.New("connection refused")}, 83*time.Second
}

func pictureOf(sights ...*sight) picture {
	return picture{now: time.Date(2026, 11, 26, 13, 5, 9, 0, time.UTC), sights: sights}
}

// many has more nodes than a terminal has lines.
func many() *sight {
	var nodes []podcount.Node
	for i := range 300 {
		nodes = append(nodes, nodeOf(fmt.Sprintf("worker-%03d", i), i%111, 110))
	}
	return sightWith(countedOf("production", podcount.Snapshot{Nodes: nodes}), nil)
}

// fleetOfMany has more clusters than that.
func fleetOfMany() picture {
	p := pictureOf()
	for i := range 40 {
		change := []func(*sight){nil, fallenBack, cutOff}[min(i%20, 2)]
		r := production()
		r.name = fmt.Sprintf("cluster-%02d", i)
		p.sights = append(p.sights, sightWith(r, change))
	}
	return p
}

func TestGoldenFrames(t *testing.T) {
	one := pictureOf(sightWith(production(), nil))
	several := pictureOf(sightWith(production(), cutOff), sightWith(staging(), fallenBack), sightWith(broken(), nil), &sight{result: &result{name: "slow"}})
	several.problems = []error{errors.New(`node "nowhere": not found`)}
	tests := []struct {
		name, args, progress string
		picture              picture
		width, height        int
	}{
		{"one", "", "", one, 100, 30},
		{"several", "--all-contexts", "2 of 4 clusters (1 failed)  1,000 pods  slow", several, 110, 40},
		{"many", "", "", pictureOf(many()), 80, 24},
		{"min_percent", "--min-percent=90", "", pictureOf(many()), 80, 24},
		{"summary", "--summary", "", pictureOf(many()), 80, 24},
		{"wide", "-o wide --sort-by=free", "", one, 100, 20},
		{"fleet", "--all-contexts", "", fleetOfMany(), 100, 40},
		{"fleet_summary", "--all-contexts --summary", "", fleetOfMany(), 100, 40},
		{"small", "", "", several, 40, 10},
		{"counting", "", "slow  reading the nodes", pictureOf(&sight{result: &result{name: "slow"}}), 80, 24},
		{"hostile", "", "", pictureOf(sightWith(hostile(), nil)), 60, 24},
		{"long_name", "", "", pictureOf(sightWith(onEKS(), nil)), 80, 24},
		{"long_name_failing", "", "", pictureOf(sightWith(onEKS(), cutOff)), 80, 24},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, _, err := parseFlags(append(strings.Fields(tt.args), "--watch"), t.Output())
			if err == nil {
				err = o.validate()
			}
			if err != nil {
				t.Fatal(err)
			}
			to := screen{terminal: true, colours: true, width: tt.width, height: tt.height}
			golden(t, "frame_"+tt.name+".txt", strings.Join(o.frame(tt.picture, tt.progress, to), "\n")+"\n")
			for size := range 130 {
				to.width, to.height = size+1, size/2+1
				wantFrame(t, o.frame(tt.picture, tt.progress, to), to)
			}
		})
	}
}

var colourCode = regexp.MustCompile(`\x1b\[\d+m`)

// wantFrame wants lines that fit, with no colour left open and no other sequence.
func wantFrame(t *testing.T, lines []string, to screen) {
	t.Helper()
	if len(lines) > to.height || len(lines) == 0 {
		t.Errorf("%d lines in %d", len(lines), to.height)
	}
	for _, line := range lines {
		text := colourCode.ReplaceAllString(line, "")
		if columns(text) > to.width || text != printable(text) {
			t.Errorf("%d columns of %d: %q", columns(text), to.width, line)
		}
		if codes := colourCode.FindAllString(line, -1); len(codes) > 0 && codes[len(codes)-1] != endColour {
			t.Errorf("a colour stays: %q", line)
		}
		if !to.colours && text != line {
			t.Errorf("colours where there are none: %q", line)
		}
	}
}

func TestFit(t *testing.T) {
	lines := []string{"a", "b", "c", "d", "sum"}
	tests := []struct {
		most, kept int
		want       string
	}{
		{5, 1, "a b c d sum"}, {4, 1, "a b … 2 more lines sum"}, {4, 0, "a b c … 2 more lines"}, {1, 0, "… 5 more lines"}, {2, 1, "… 4 more lines sum"},
	}
	for _, tt := range tests {
		if got := strings.Join(fit(lines, tt.most, tt.kept, "line"), " "); got != tt.want {
			t.Errorf("%d lines, %d kept: %q, want %q", tt.most, tt.kept, got, tt.want)
		}
	}
}

// TestGoldenChanges writes what becomes of a cluster to a pipe.
func TestGoldenChanges(t *testing.T) {
	later := func(change func(*podcount.Snapshot)) *sight {
		return sightWith(production(), func(s *sight) { change(s.snapshot) })
	}
	steps := []*sight{
		{result: &result{name: "production"}},
		sightWith(production(), nil),
		later(func(s *podcount.Snapshot) { s.Nodes[0].ActivePods, s.UnscheduledPods = 120, 6 }),
		later(func(s *podcount.Snapshot) { s.UnscheduledPods = 0 }),
		sightWith(production(), cutOff),
		later(func(s *podcount.Snapshot) {
			s.Nodes = append(s.Nodes[2:], nodeOf("a-new-one-with-a-longer-name", 0, -1))
		}),
		sightWith(staging(), func(s *sight) { s.name = "production" }),
		sightWith(staging(), func(s *sight) { s.name = "production"; fallenBack(s); s.snapshot.Nodes = s.snapshot.Nodes[:1] }),
	}
	for name, args := range map[string]string{
		"changes.txt": "", "changes_min_percent.txt": "--min-percent=90 --show-free", "changes_summary.txt": "--summary", "changes_wide.txt": "-o wide --sort-by=name",
	} {
		t.Run(name, func(t *testing.T) {
			o, _, err := parseFlags(append(strings.Fields(args), "-w"), t.Output())
			if err == nil {
				err = o.validate()
			}
			if err != nil {
				t.Fatal(err)
			}
			var both buffer // as if they were one file
			f := &fleet{opts: o, around: surroundings{stdout: &both, stderr: &both, out: screen{width: 80}}, results: []*result{{name: "production"}}}
			c := newChanges(f)
			for i, s := range steps {
				p := pictureOf(s)
				p.now = p.now.Add(time.Duration(i) * time.Minute)
				for range 2 { // the second has nothing new
					must(t, c.show(p))
				}
			}
			golden(t, name, both.String())
		})
	}
}

// TestFrameInPlace draws on a terminal, and leaves it as it was.
func TestFrameInPlace(t *testing.T) {
	for _, colours := range []bool{true, false} {
		t.Run(fmt.Sprint("colours ", colours), func(t *testing.T) {
			d := newDesk(t)
			d.out = screen{terminal: true, colours: colours, width: 70, height: 12}
			sim := d.add("production", nil)
			interrupt := d.watching("--sort-by=active")
			d.stdout.await("production live")
			node := sim.NodeNames()[2]
			for range 40 {
				sim.CreatePod(node)
			}
			first := regexp.MustCompile(`\x1b\[H(\x1b\[1m)?NODE\b[^\n]*\n(\x1b\[\d+m)?` + node + " .*" + fmt.Sprint(sim.Truth().Pods[node]))
			d.stdout.awaitThat(first.MatchString)
			d.want(interrupt(), exitInterrupted)
			d.wantErrors("note: production: followed for ")
			text := d.stdout.String()
			last, ok := strings.CutPrefix(text, enterScreen)
			if !ok || strings.Count(text, enterScreen) != 1 || strings.Count(text, leaveScreen) != 1 {
				t.Errorf("the screen is not entered and left once: %q", text)
			}
			drawn, left, _ := strings.Cut(last, leaveScreen)
			for frame := range strings.SplitSeq(strings.TrimPrefix(drawn, cursorHome), cursorHome) {
				frame, ok := strings.CutSuffix(frame, eraseBelow)
				if !ok {
					t.Errorf("what was below stays: %q", frame)
				}
				wantFrame(t, strings.Split(strings.TrimSuffix(frame, eraseLine), eraseLine+"\r\n"), d.out)
			}
			if !strings.Contains(left, "\nproduction ") || !strings.HasSuffix(left, "Ctrl-C ends\n") {
				t.Errorf("left is %q", left)
			}
		})
	}
}

// TestFrameIsSuspended gives the terminal back to the shell, and takes it again.
func TestFrameIsSuspended(t *testing.T) {
	d := newDesk(t)
	d.out = screen{terminal: true, width: 70, height: 12}
	suspends := make(chan chan<- os.Signal, 1)
	d.jobs = jobControl{
		notify: func(to chan<- os.Signal) { suspends <- to },
		stop: func() {
			if text := d.stdout.String(); strings.Count(text, leaveScreen) != 1 || !strings.HasSuffix(text, "Ctrl-C ends\n") {
				t.Errorf("the shell is left with %q", text)
			}
		},
	}
	d.add("production", nil)
	interrupt := d.watching()
	d.stdout.await("production live")
	(<-suspends) <- os.Interrupt // whichever
	d.stdout.awaitThat(func(text string) bool { return strings.Count(text, enterScreen) == 2 })
	d.want(interrupt(), exitInterrupted)
	if text := d.stdout.String(); strings.Count(text, leaveScreen) != 2 {
		t.Errorf("the screen is left %d times, want twice", strings.Count(text, leaveScreen))
	}
}

// TestFrameOfAClusterThatIsBeingCounted shows how far it is.
func TestFrameOfAClusterThatIsBeingCounted(t *testing.T) {
	var out buffer
	f := &fleet{opts: &options{}, counted: make(map[string]*result), around: surroundings{stdout: &out, out: screen{terminal: true, width: 80, height: 24}, now: time.Now, cacheDir: os.UserCacheDir}}
	f.store, f.results = store.New(t.Context(), watchOptions(), f), []*result{{name: "slow", ended: make(chan struct{})}}
	f.counted["slow"] = f.results[0]
	f.store.Set(store.Target{Name: "slow", Counter: slow{}})
	p := f.look()
	must(t, newFrames(f).show(p))
	f.results[0].fail(context.DeadlineExceeded) // which is told before the store has it
	if p.counting = p.counting && f.look().counting; !p.counting || !strings.Contains(out.String(), "slow  reading the nodes") {
		t.Errorf("counting %v: %q", p.counting, out.String())
	}
}
