package docs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLinks follows each link that stays in the checkout, to its heading too.
func TestLinks(t *testing.T) {
	all := documents(t)
	byPath := map[string]document{}
	for _, d := range all {
		byPath[d.path] = d
	}
	followed := 0
	for _, d := range all {
		for _, link := range d.links {
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			followed++
			path, anchor, _ := strings.Cut(link, "#")
			target := d.path
			if path != "" {
				target = filepath.Join(filepath.Dir(d.path), path)
			}
			if _, err := os.Stat(filepath.Join(checkout, target)); err != nil {
				t.Errorf("%s: %s leads nowhere", d.path, link)
				continue
			}
			if anchor != "" && !slices.Contains(byPath[target].anchors(), anchor) {
				t.Errorf("%s: %s: there is no such heading", d.path, link)
			}
		}
	}
	if followed < 100 {
		t.Errorf("%d links, want at least 100", followed)
	}
}

// TestREADMELinksEveryDocument: a page that nothing leads to is not found.
func TestREADMELinksEveryDocument(t *testing.T) {
	paths, err := filepath.Glob("*.md")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	links := parse(t, "README.md").links
	for _, path := range paths {
		if !slices.Contains(links, "docs/"+path) {
			t.Errorf("README does not link docs/%s", path)
		}
	}
}

// TestTablesAreWhole: a row with another number of cells than its head is cut off,
// or shows a bar of its text as a border.
func TestTablesAreWhole(t *testing.T) {
	tables := 0
	for _, d := range documents(t) {
		for _, table := range d.tables {
			tables++
			for _, row := range table.rows {
				if len(row) != table.columns {
					t.Errorf("%s: %d cells, want %d: %q", d.path, len(row), table.columns, row)
				}
			}
		}
	}
	if tables < 50 {
		t.Errorf("%d tables, want at least 50", tables)
	}
}
