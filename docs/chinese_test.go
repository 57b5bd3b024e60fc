package docs

import (
	"maps"
	"regexp"
	"slices"
	"testing"
)

// TestChinese holds README.zh-CN.md against README.md: headings, commands, tables,
// links and numbers are the same. The words are not compared.
func TestChinese(t *testing.T) {
	english, chinese := parse(t, "README.md"), parse(t, "README.zh-CN.md")
	levels := func(d document) (all []int) {
		for _, h := range d.headings {
			all = append(all, h.level)
		}
		return all
	}
	if e, c := levels(english), levels(chinese); !slices.Equal(e, c) {
		t.Errorf("levels of the headings: %v, Chinese %v", e, c)
	}
	sameBlocks(t, english.blocks, chinese.blocks)
	sameTables(t, english.tables, chinese.tables)
	if e, c := without(english.links, "README.zh-CN.md"), without(chinese.links, "README.md"); !slices.Equal(e, c) {
		t.Errorf("links %q\nChinese %q", e, c)
	}
	for i, number := range []*regexp.Regexp{regexp.MustCompile(`\d[\d,.]*\d`), regexp.MustCompile("`[^`\n]+`")} {
		e, c := mentions(number, english), mentions(number, chinese)
		if !maps.Equal(e, c) {
			t.Errorf("%s\n%v\nChinese\n%v", []string{"numbers", "code"}[i], e, c)
		}
	}
}

func sameBlocks(t *testing.T, english, chinese []block) {
	t.Helper()
	if len(english) != len(chinese) || len(english) < 10 {
		t.Fatalf("%d blocks, Chinese %d, want at least 10", len(english), len(chinese))
	}
	for i := range english {
		if e, c := english[i], chinese[i]; e.language != c.language || e.text != c.text {
			t.Errorf("block %d is\n%s\nChinese\n%s", i+1, e.text, c.text)
		}
	}
}

func sameTables(t *testing.T, english, chinese []table) {
	t.Helper()
	if len(english) != len(chinese) || len(english) < 5 {
		t.Fatalf("%d tables, Chinese %d, want at least 5", len(english), len(chinese))
	}
	for i := range english {
		e, c := english[i], chinese[i]
		if e.columns != c.columns || len(e.rows) != len(c.rows) {
			t.Errorf("table %d has %d columns and %d rows, Chinese %d and %d", i+1, e.columns, len(e.rows), c.columns, len(c.rows))
			continue
		}
		for j := range e.rows {
			if len(e.rows[j]) != e.columns || len(c.rows[j]) != c.columns || e.rows[j][0] != c.rows[j][0] {
				t.Errorf("table %d, row %d is %q, Chinese %q", i+1, j+1, e.rows[j], c.rows[j])
			}
		}
	}
}

// without leaves the link to the other language out.
func without(links []string, other string) []string {
	return slices.DeleteFunc(slices.Clone(links), func(link string) bool { return link == other })
}

// mentions counts what matches in the prose.
func mentions(pattern *regexp.Regexp, d document) map[string]int {
	counts := map[string]int{}
	for _, found := range pattern.FindAllString(d.prose, -1) {
		counts[found]++
	}
	return counts
}
