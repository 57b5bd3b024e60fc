package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const operations = "docs/operations.md"

// step says who tries a command of docs/operations.md. One of the fields is set.
type step struct {
	try   func(t *testing.T, at *place, line string) // here
	block string                                     // FOLDER.FUNCTION of end-to-end tests, which runs the whole block as it stands
	test  string                                     // FOLDER.FUNCTION of other tests, which has the command to the letter
	mark  string                                     // what its section says of commands that nothing tries
}

// steps has the commands of each section, those in code within sentences among them.
func steps() map[string]map[string]step {
	const (
		guide    = "e2e/node.TestGuide"
		compose  = "e2e.TestCompose"
		out      = "e2e.TestTakenOut"
		registry = "Needs a container engine and a registry of yours"
		systemd  = "need a systemd that runs, and so no test tries them"
	)
	success := "curl -sS --retry 10 --retry-delay 1 --retry-all-errors http://127.0.0.1:10120/metrics | grep '^pod_count_success'"
	return map[string]map[string]step{
		"Operations": {
			"kubectl get pods --all-namespaces --field-selector=status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!=": {test: guide},
			"kubectl describe node NAME": {test: guide},
		},
		"Rights": {
			"kubectl auth can-i watch pods --all-namespaces --as=system:serviceaccount:monitoring:pod-count-exporter": {test: guide},
		},
		"The image": {
			"make image":   {try: makes},
			"make release": {try: makes},
			"docker tag pod_count_exporter:0.2.0 example.com/team/pod_count_exporter:0.2.0":                                          {mark: registry},
			"docker push example.com/team/pod_count_exporter:0.2.0":                                                                  {mark: registry},
			"skopeo copy --all oci-archive:dist/pod_count_exporter-0.2.0.oci.tar docker://example.com/team/pod_count_exporter:0.2.0": {mark: registry},
			"podman load --input dist/pod_count_exporter-0.2.0.oci.tar":                                                              {test: "testdata/release.TestLoad"},
		},
		"Docker Compose": {
			"cd deploy/docker": {try: entersDocker},
			`export COMPOSE_PROJECT_NAME=pod-count-exporter KUBECONFIG_FILE="$HOME/.kube/config" EXPORTER_USER="$(id -u):$(id -g)"`: {test: compose},
			"docker compose up --detach --build": {test: compose},
			"docker compose logs exporter":       {test: compose},
			"curl -sS --retry 10 --retry-delay 1 --retry-all-errors http://127.0.0.1:10120/metrics | grep '^node_active_pods'": {try: asks},
			"chmod -R go+rX prometheus.yml alertmanager.yml grafana kubeconfig.none ../../mixin/generated":                     {try: opensFiles},
			"kubectl config view --flatten --minify":         {test: guide},
			"docker compose --profile demo up --build":       {test: compose},
			"docker compose up --detach --no-build exporter": {test: compose},
			"docker compose down":                            {test: compose},
			"docker compose --profile demo down":             {test: compose},
		},
		"A cluster on this machine": {
			"kubectl config view --flatten --minify": {test: guide},
		},
		"An image with a credential plugin": {
			"docker build --tag pod_count_exporter:0.2.0-plugins .": {test: compose},
		},
		"Kubernetes": {
			"make node":                           {try: makes},
			"kubectl create namespace monitoring": {block: guide},
			"kubectl apply -k .":                  {block: guide},
			"kubectl -n monitoring rollout status deployment/pod-count-exporter":    {block: guide},
			"kubectl -n monitoring logs deployment/pod-count-exporter":              {block: guide},
			"kubectl -n monitoring port-forward service/pod-count-exporter 10120 &": {block: guide},
			success:   {block: guide},
			"kill $!": {block: guide},
			"make e2e-node E2E_FLAGS='-run TestMemory'":                                                                           {try: makes},
			"kubectl -n monitoring rollout undo deployment/pod-count-exporter":                                                    {test: guide},
			"kubectl -n monitoring delete poddisruptionbudget pod-count-exporter":                                                 {test: out},
			"kubectl -n monitoring delete deployment pod-count-exporter":                                                          {test: out},
			"kubectl -n monitoring delete statefulset pod-count-exporter":                                                         {test: out},
			"kubectl delete clusterrolebinding,clusterrole pod-count-exporter":                                                    {test: out},
			"kubectl -n monitoring delete configmap --selector=grafana_dashboard=1,app.kubernetes.io/instance=pod-count-exporter": {test: out},
			"kubectl -n monitoring delete KIND --selector=app.kubernetes.io/instance=pod-count-exporter":                          {test: out},
		},
		"Helm": {
			"helm install pod-count-exporter deploy/helm/pod-count-exporter --namespace monitoring --create-namespace --values values.yaml": {block: guide},
			"kubectl -n monitoring rollout status deployment/pod-count-exporter":                                                            {block: guide},
			"kubectl -n monitoring logs deployment/pod-count-exporter":                                                                      {block: guide},
			"kubectl -n monitoring port-forward service/pod-count-exporter 10120 &":                                                         {block: guide},
			success:   {block: guide},
			"kill $!": {block: guide},
			"helm upgrade pod-count-exporter deploy/helm/pod-count-exporter --namespace monitoring --values values.yaml": {test: guide},
			"helm get values pod-count-exporter --namespace monitoring --output yaml > values.yaml":                      {test: guide},
			"helm rollback pod-count-exporter --namespace monitoring":                                                    {test: guide},
			"helm uninstall pod-count-exporter --namespace monitoring":                                                   {test: guide},
		},
		"systemd": {
			"make build": {try: builds},
			`home="$(getent passwd "${SUDO_USER:-$(id -un)}" | cut -d: -f6)"`:                           {try: findsHome},
			"install -m 0755 bin/pod_count_exporter /usr/local/bin/":                                    {try: installs},
			"install -d -m 0700 /etc/pod_count_exporter":                                                {try: installs},
			`install -m 0600 "$home/.kube/config" /etc/pod_count_exporter/kubeconfig`:                   {try: installs},
			"install -m 0644 deploy/systemd/pod_count_exporter.default /etc/default/pod_count_exporter": {try: installs},
			"install -m 0644 deploy/systemd/pod_count_exporter.service /etc/systemd/system/":            {try: installs},
			success:                   {try: asks},
			"systemctl daemon-reload": {mark: systemd},
			"systemctl enable --now pod_count_exporter":        {mark: systemd},
			"journalctl --no-pager -u pod_count_exporter":      {mark: systemd},
			"systemctl restart pod_count_exporter":             {mark: systemd},
			"systemctl stop pod_count_exporter":                {mark: systemd},
			"systemctl enable --now pod_count_exporter.socket": {mark: systemd},
			"systemctl start pod_count_exporter":               {mark: systemd},
		},
		"From the source": {
			"make build": {try: builds},
			`bin/pod_count_exporter --kubeconfig="$HOME/.kube/config"`: {try: serves},
		},
	}
}

// TestOperationsCommands tries each command of docs/operations.md and of two more
// guides, or finds the test that does, or the words that say why none can. A command
// that is not in the table fails, and so does a row that the document has not.
func TestOperationsCommands(t *testing.T) {
	tools(t, "make", "bash", "curl", "git", "install")
	at := newPlace(t)
	foreground(t, checkout, at.env, "make build")
	follow(t, at, operations, steps())
	wantInstalled(t, at)
	follow(t, at, "docs/troubleshooting.md", troubleshooting())
	follow(t, at, "docs/kubectl-plugin.md", pluginSteps())
	wantPlugin(t, at)
}

// follow tries the commands of a document as its steps say.
func follow(t *testing.T, at *place, path string, all map[string]map[string]step) {
	t.Helper()
	left := map[string]map[string]step{}
	for section, rows := range all {
		left[section] = maps.Clone(rows)
	}
	for _, c := range commands(t, path) {
		s, known := all[c.section][c.line]
		if !known {
			t.Errorf("%s, %s: nothing tries the command %q", path, c.section, c.line)
			continue
		}
		if _, first := left[c.section][c.line]; !first {
			continue
		}
		delete(left[c.section], c.line)
		switch {
		case s.try != nil:
			t.Run(c.line, func(t *testing.T) { s.try(t, at, c.line) })
		case s.block != "":
			wantPasted(t, s.block, path, c.line)
		case s.test != "":
			wantInTest(t, s.test, c.line)
		case s.mark == "" || !strings.Contains(c.text, s.mark):
			t.Errorf("%s: %s: its section does not say %q", c.section, c.line, s.mark)
		}
	}
	for section, rows := range left {
		for line := range rows {
			t.Errorf("%s, %s: there is no command %q", path, section, line)
		}
	}
}

// command is a line for a shell.
type command struct {
	section string // its heading
	text    string // all of the section
	line    string
}

// commands are those of a document: each line of a block for the shell, and code within
// sentences that begins with a program's name.
func commands(t *testing.T, path string) []command {
	t.Helper()
	const programs = `bin/\w+|cd|chmod|curl|docker|helm|install|journalctl|kubectl|make|podman|skopeo|systemctl`
	inline := regexp.MustCompile("`((?:\\w+=\\S+ )?(?:" + programs + ") [^`]+)`")
	var all []command
	for title, section := range sections(t, path) {
		language, block := "", false
		for line := range strings.SplitSeq(oneLine(section), "\n") {
			switch fence, found := strings.CutPrefix(line, "```"); {
			case found && !block && !slices.Contains([]string{"sh", "console", "dockerfile", "promql", "text", "yaml"}, fence):
				t.Errorf("%s: a block of %q, want sh for commands, console for a command and its output, or dockerfile, promql, text or yaml", title, fence)
				fallthrough
			case found:
				language, block = fence, !block
			case !block:
				for _, code := range inline.FindAllStringSubmatch(line, -1) {
					all = append(all, command{title, section, code[1]})
				}
			case language == "console":
				if line, prompted := strings.CutPrefix(line, "$ "); prompted {
					all = append(all, command{title, section, line})
				}
			case language == "sh":
				line, _, _ = strings.Cut(line, " # ")
				all = append(all, command{title, section, strings.TrimSpace(line)})
			}
		}
	}
	if least := map[string]int{operations: 45}[path]; len(all) < max(least, 9) {
		t.Errorf("%s has %d commands, want %d at least", path, len(all), max(least, 9))
	}
	return all
}

// sections are the texts below each heading of a document, by their headings, which
// must differ. A block may hold lines that look like one.
func sections(t *testing.T, path string) map[string]string {
	t.Helper()
	all := map[string]string{}
	title, block := "", false
	for line := range strings.SplitSeq(read(t, path), "\n") {
		if strings.HasPrefix(line, "```") {
			block = !block
		}
		if heading := strings.TrimLeft(line, "#"); !block && strings.HasPrefix(line, "#") {
			title = strings.TrimSpace(heading)
			if _, twice := all[title]; twice {
				t.Errorf("%s has the heading %s twice", path, title)
			}
		}
		all[title] += line + "\n"
	}
	return all
}

// wantInTest wants a command among the texts in a function of the end-to-end tests.
func wantInTest(t *testing.T, test, line string) {
	t.Helper()
	if f := function(t, test); f != nil && !slices.Contains(texts(f), line) {
		t.Errorf("%s no longer runs the command %q", test, line)
	}
}

// function finds FOLDER.FUNCTION among the end-to-end tests.
func function(t *testing.T, test string) *ast.FuncDecl {
	t.Helper()
	folder, name, _ := strings.Cut(test, ".")
	files, err := filepath.Glob(filepath.Join(checkout, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range parsed.Decls {
			if f, ok := declared.(*ast.FuncDecl); ok && f.Name.Name == name {
				return f
			}
		}
	}
	t.Errorf("there is no %s", test)
	return nil
}

// texts are the literals in a piece of Go.
func texts(node ast.Node) []string {
	var all []string
	ast.Inspect(node, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				all = append(all, text)
			}
		}
		return true
	})
	return all
}

// TestOperationsSayWhatTheyNeed: each section of docs/operations.md with a block of
// commands says what these need, and the files that they name are there.
func TestOperationsSayWhatTheyNeed(t *testing.T) {
	found := map[string]bool{}
	for _, c := range commands(t, operations) {
		for _, path := range regexp.MustCompile(`\bdeploy/[\w./-]+`).FindAllString(c.line, -1) {
			if _, err := os.Stat(filepath.Join(checkout, path)); err != nil {
				t.Errorf("%s: %v", c.section, err)
			}
		}
		before, _, block := strings.Cut(c.text, "\n```sh\n")
		if !block {
			continue
		}
		if found[c.section] = true; !regexp.MustCompile(`(?m)^Needs `).MatchString(before) {
			t.Errorf("%s has commands, and no line that begins with Needs", c.section)
		}
	}
	if len(found) < 5 {
		t.Errorf("%d sections have commands, want one for each form", len(found))
	}
}

// makes has make say what it would do: what that is takes minutes, or needs what is not
// here, and has tests of its own.
func makes(t *testing.T, at *place, line string) {
	if plan := foreground(t, checkout, at.env, line+" --dry-run"); !strings.Contains(plan, "\n") {
		t.Errorf("%s does nothing: %q", line, plan)
	}
}

func entersDocker(t *testing.T, at *place, line string) {
	foreground(t, checkout, at.env, line+" && test -f compose.yaml")
}

// opensFiles runs a line in a copy of the checkout that was made under umask 077: all that
// the compose file mounts from there can then be read by the users of the images.
func opensFiles(t *testing.T, at *place, line string) {
	copied := t.TempDir()
	foreground(t, checkout, append(at.env, "TO="+copied), "umask 077 && cp -R --no-preserve=mode --parents deploy/docker mixin/generated \"$TO\"")
	foreground(t, filepath.Join(copied, "deploy/docker"), at.env, line)
	mounts := regexp.MustCompile(`(?m)(?:- |:-)(\.\.?/[^:}\s]+)`).FindAllStringSubmatch(read(t, "deploy/docker/compose.yaml"), -1)
	if len(mounts) < 7 {
		t.Errorf("the compose file mounts %q, want 7 files and folders at least", mounts)
	}
	for _, mount := range mounts {
		err := filepath.WalkDir(filepath.Join(copied, "deploy/docker", mount[1]), func(path string, entry os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if want := map[bool]os.FileMode{false: 0o044, true: 0o055}[entry.IsDir()]; err == nil && info.Mode().Perm()&want != want {
				t.Errorf("%s has the mode %s", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// asks has an exporter count, and asks it as the document says.
func asks(t *testing.T, at *place, line string) {
	out := background(t, at.dir, append(at.env, "HOME="+at.home, "POD_COUNT_EXPORTER_WEB_LISTEN_ADDRESS=127.0.0.1:0"), "exec bin/pod_count_exporter")
	address := out.await(t, `msg="Listening on".* address=(\S+)`)
	if text := foreground(t, at.dir, at.env, strings.NewReplacer("127.0.0.1:10120", address, "NAME", "readme").Replace(line)); !strings.Contains(text, `"readme"`) {
		t.Errorf("%s shows %q", line, text)
	}
}

// findsHome runs a line as a user with sudo, in a shell of sudo and in one of root's own,
// and keeps the home that it finds for the lines that follow.
func findsHome(t *testing.T, at *place, line string) {
	bin := t.TempDir()
	for program, script := range map[string]string{
		"getent": `[ "$1" = passwd ] && echo "$2:x:1:1:A name:/homes/$2:/bin/sh"`,
		"id":     `[ "$1" = -un ] && echo "$WHO"`,
	} {
		if err := os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
	}
	for who, want := range map[string]string{"WHO=ann": "/homes/ann", "WHO=root SUDO_USER=ann": "/homes/ann", "WHO=root": "/homes/root"} {
		env := append(slices.DeleteFunc(slices.Clone(at.env), func(v string) bool { return strings.HasPrefix(v, "SUDO_USER=") }), strings.Fields(who)...)
		if got := foreground(t, at.dir, append(env, "PATH="+bin+":"+os.Getenv("PATH")), line+`; printf %s "$home"`); got != want {
			t.Errorf("%s with %s finds %q, want %s", line, who, got, want)
		}
	}
	at.env = append(at.env, "home="+at.home)
}

// installs runs a line with another folder in the place of the root, from a folder that
// looks like the checkout after make build.
func installs(t *testing.T, at *place, line string) {
	root := filepath.Join(at.dir, "root")
	deploy, err := filepath.Abs(filepath.Join(checkout, "deploy"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"usr/local/bin", "etc/default", "etc/systemd/system"} { // every system has them
		if err := os.MkdirAll(filepath.Join(root, folder), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(deploy, filepath.Join(at.dir, "deploy")); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	foreground(t, at.dir, append(at.env, "HOME="+at.home), regexp.MustCompile(` (/(?:etc|usr)/)`).ReplaceAllString(line, " "+root+"$1"))
}

// wantInstalled looks for what the unit names, which is where installs has put it.
func wantInstalled(t *testing.T, at *place) {
	t.Helper()
	unit := read(t, "deploy/systemd/pod_count_exporter.service")
	for setting, want := range map[string]string{
		"ExecStart=": "-rwxr-xr-x", "LoadCredential=kubeconfig:": "-rw-------", "EnvironmentFile=-": "-rw-r--r--",
	} {
		found := regexp.MustCompile(`(?m)^` + setting + `(\S+)`).FindStringSubmatch(unit)
		if found == nil {
			t.Errorf("the unit has no %s", setting)
			continue
		}
		info, err := os.Stat(filepath.Join(at.dir, "root", found[1]))
		if err != nil || fmt.Sprint(info.Mode()) != want {
			t.Errorf("%s%s: after the installation: %v, %v, want %s", setting, found[1], info, err, want)
		}
	}
	if info, err := os.Stat(filepath.Join(at.dir, "root/etc/pod_count_exporter")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the kubeconfig's folder: %v, %v, want it closed to others", info, err)
	}
	if _, err := os.Stat(filepath.Join(at.dir, "root/etc/systemd/system/pod_count_exporter.service")); err != nil {
		t.Error(err)
	}
}
