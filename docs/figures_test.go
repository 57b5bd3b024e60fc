package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFiguresHaveASource: what README claims as measured is in the document that
// says how, so that no figure is renewed in one place only.
func TestFiguresHaveASource(t *testing.T) {
	measured := ""
	for _, path := range []string{"docs/benchmarks.md", "docs/tuning.md", "docs/design.md", "testdata/bench/README.md"} {
		measured += read(t, path)
	}
	figures := regexp.MustCompile(`\d[\d,.]* (?:MiB|MB|kB|ms|s|series)\b`).FindAllString(parse(t, "README.md").prose, -1)
	slices.Sort(figures)
	if figures = slices.Compact(figures); len(figures) < 15 {
		t.Errorf("%d figures, want at least 15: %q", len(figures), figures)
	}
	for _, figure := range figures {
		if number := strings.TrimSuffix(figure, " series"); !regexp.MustCompile(`(?:^|[^\d.,])` + regexp.QuoteMeta(number) + `\b`).MatchString(measured) {
			t.Errorf("README says %q, which no document has measured", figure)
		}
	}
}

// TestTablesOfMemoryAgree: README's table of memory is the one of docs/tuning.md.
func TestTablesOfMemoryAgree(t *testing.T) {
	var tables [][][]string
	for _, path := range []string{"README.md", "docs/tuning.md"} {
		for _, table := range parse(t, path).tables {
			if len(table.rows) == 3 && table.rows[0][0] == "104" {
				tables = append(tables, table.rows)
			}
		}
	}
	if len(tables) != 2 {
		t.Fatalf("%d tables of memory, want one in each document", len(tables))
	}
	for i := range tables[0] {
		if readme, tuning := tables[0][i][:4], tables[1][i][:4]; !slices.Equal(readme, tuning) {
			t.Errorf("README has %q, docs/tuning.md %q", readme, tuning)
		}
	}
}
