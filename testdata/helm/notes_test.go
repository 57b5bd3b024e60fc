package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// scrapes holds what the notes say for a Prometheus without the operator, as complete
// configurations: the end-to-end tests have promtool check them.
const scrapes = "testdata/scrapes"

// scraped are the values of each of them, by their names.
func scraped() map[string]string {
	const (
		web    = "webConfig: {existingSecrets: [web]}\n"
		client = "prometheus: {monitor: {http: {tlsConfig: {serverName: exporter, cert: {secret: {name: scrape, key: tls.crt}}}}}}\n"
	)
	return map[string]string{
		"plain":        "{}",
		"tls":          web,
		"client":       web + client,
		"passwords":    web + "prometheus: {monitor: {http: {scheme: http}}}\n",
		"proxy":        "prometheus: {monitor: {http: {scheme: https}}}\n",
		"replicas":     "replicas: 2\n",
		"replicas-tls": "replicas: 2\n" + web,
		"path":         "config: {web: {telemetryPath: /count}}\n",
	}
}

// TestNotesOfScrapes: without a monitor, the notes have all that a scrape needs. What is
// in capitals stands for files and names of the reader's.
func TestNotesOfScrapes(t *testing.T) {
	chart := load(t)
	for variant, values := range scraped() {
		t.Run(variant, func(t *testing.T) {
			_, hint, found := strings.Cut(notes(t, chart, values), "scrapes it with:\n\n")
			if !found {
				t.Fatalf("no configuration of a scrape in the notes")
			}
			got, file := "scrape_configs:\n"+strings.TrimRight(hint, "\n")+"\n", filepath.Join(scrapes, variant+".yaml")
			if *update {
				must(t, os.WriteFile(file, []byte(got), 0o600))
				return
			}
			if want := string(read(t, file)); got != want {
				t.Errorf("%s is stale: read the difference, and run make chart\n%s", file, difference(want, got))
			}
		})
	}
}

// TestNotesOfNumbers runs the commands of the notes, with kubectl and curl replaced by
// programs that say what they are asked, for each replica that has numbers of its own.
func TestNotesOfNumbers(t *testing.T) {
	chart, bin := load(t), t.TempDir()
	for program, script := range map[string]string{
		"kubectl": "echo \"$3\" \"$4\" \"$5\" >> said\n", // after the namespace
		"curl":    "echo curl \"$@\" >> said; echo node_active_pods\n",
	} {
		must(t, os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\n"+script), 0o700))
	}
	const ask, plain = "curl -sS --retry 10 --retry-delay 1 --retry-all-errors", " http://127.0.0.1:10120/metrics\n"
	for values, want := range map[string]string{
		"{}": "rollout status deployment/" + name + "\nport-forward service/" + name + " 10120:10120\n" + ask + plain,
		"webConfig: {existingSecrets: [web]}": "rollout status deployment/" + name + "\nport-forward service/" + name + " 10120:10120\n" +
			"curl -sSk --retry 10 --retry-delay 1 --retry-all-errors --user USER:PASSWORD https://127.0.0.1:10120/metrics\n",
		"webConfig: {existingSecrets: [web]}\nprometheus: {monitor: {http: {scheme: http}}}": "rollout status deployment/" + name + "\nport-forward service/" + name + " 10120:10120\n" +
			ask + " --user USER:PASSWORD" + plain,
		"replicas: 2\nautosharding: {enabled: true}\nkubeconfig: {existingSecret: clusters}": "rollout status statefulset/" + name + "\n" +
			"port-forward pod/" + name + "-0 10120\n" + ask + plain + "port-forward pod/" + name + "-1 10120\n" + ask + plain,
	} {
		_, commands, _ := strings.Cut(notes(t, chart, values), ":\n\n")
		commands, _, _ = strings.Cut(commands, "\n\n")
		cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", inOrder(commands))
		cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", values, err, commands, output)
			continue
		}
		if got := string(read(t, filepath.Join(cmd.Dir, "said"))); got != want {
			t.Errorf("%s: the notes ask\n%swant\n%s", values, got, want)
		}
	}
}

// inOrder has a shell wait for what it puts into the background, so that what the
// programs say comes in one order; they end by themselves.
func inOrder(commands string) string {
	return strings.NewReplacer(" &\n", "\n", "kill $!; wait $! || true", ":", "kill $!", ":").Replace(commands)
}

// notes are what Helm prints after the installation.
func notes(t *testing.T, chart source, values string) string {
	t.Helper()
	text, err := chart.render(parse(t, []byte(values)))
	must(t, err)
	_, after, _ := strings.Cut(text, "/templates/NOTES.txt\n")
	before, _, _ := strings.Cut(after, "\n---\n")
	return before
}
