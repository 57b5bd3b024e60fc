package main

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

func documentation(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/kubectl-plugin.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocumentNamesEveryFlag holds the table against the code, both ways.
func TestDocumentNamesEveryFlag(t *testing.T) {
	var documented, defined []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`-[^|]*) \\|").FindAllStringSubmatch(documentation(t), -1) {
		documented = append(documented, row[1])
	}
	for _, flag := range flags() {
		if flag.Hidden {
			continue
		}
		text := "`--" + flag.Name + "`"
		if flag.Short != 0 {
			text = "`-" + string(flag.Short) + "`, " + text
		}
		defined = append(defined, text)
	}
	slices.Sort(documented)
	slices.Sort(defined)
	if !slices.Equal(documented, defined) {
		t.Errorf("documented %q\ndefined    %q", documented, defined)
	}
}

func TestDocumentNamesEveryField(t *testing.T) {
	text := documentation(t)
	for _, of := range []any{document{}, clusterDocument{}, countDocument{}, nodeDocument{}, binDocument{}} {
		for field := range reflect.TypeOf(of).Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name != "" && name != "clusters" && !strings.Contains(text, "`"+name+"`") {
				t.Errorf("the field %s is not documented", name)
			}
		}
	}
	for _, reason := range podcount.Reasons() {
		if !strings.Contains(text, "`"+string(reason)+"`") {
			t.Errorf("the reason %s is not documented", reason)
		}
	}
}
