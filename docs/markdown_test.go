package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const checkout = ".."

// document is a Markdown file, taken apart.
type document struct {
	path     string // from the checkout's top
	headings []heading
	blocks   []block
	tables   []table
	links    []string
	prose    string // all lines that are not in a block
}

type heading struct {
	level int
	text  string
}

// block is the text between two lines of backticks.
type block struct {
	language string
	text     string
	before   string // the paragraph before it
	section  string // all that stands between its heading and it
}

// table has the rows without its head.
type table struct {
	columns int
	rows    [][]string
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(checkout, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parse(t *testing.T, path string) document {
	t.Helper()
	d := document{path: path}
	lines := strings.Split(read(t, path), "\n")
	var prose []string
	paragraph, section := "", ""
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		fence := strings.TrimLeft(line, " ")
		switch {
		case strings.HasPrefix(fence, "```"):
			end := i + 1
			for end < len(lines) && strings.TrimSpace(lines[end]) != "```" {
				end++
			}
			if end == len(lines) {
				t.Fatalf("%s: a block does not end", path)
			}
			d.blocks = append(d.blocks, block{language: fence[3:], text: strings.Join(lines[i+1:end], "\n"), before: paragraph, section: section})
			i = end
			continue
		case strings.HasPrefix(line, "#"):
			marks := len(line) - len(strings.TrimLeft(line, "#"))
			d.headings = append(d.headings, heading{marks, strings.TrimSpace(line[marks:])})
			section = ""
		case strings.HasPrefix(line, "|---"):
			d.tables = append(d.tables, table{columns: len(cells(line))})
		case strings.HasPrefix(line, "|") && len(d.tables) > 0 && strings.HasPrefix(lines[i-1], "|"):
			last := &d.tables[len(d.tables)-1]
			last.rows = append(last.rows, cells(line))
		}
		if strings.TrimSpace(line) != "" {
			paragraph = line
		}
		prose, section = append(prose, line), section+line+"\n"
	}
	d.prose = strings.Join(prose, "\n")
	for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(withoutCode(d.prose), -1) {
		d.links = append(d.links, link[1])
	}
	return d
}

// cells are those of a table's row. A bar within code is escaped.
func cells(line string) []string {
	const bar = "\x00"
	line = strings.ReplaceAll(strings.TrimSpace(line), `\|`, bar)
	parts := strings.Split(strings.Trim(line, "|"), "|")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(strings.TrimSpace(part), bar, `\|`)
	}
	return parts
}

func withoutCode(text string) string {
	return regexp.MustCompile("`[^`\n]*`").ReplaceAllString(text, "")
}

// anchors are the fragments that lead to the headings, as forges make them.
func (d document) anchors() []string {
	var all []string
	for _, h := range d.headings {
		anchor := strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			default:
				return -1
			}
		}, strings.ReplaceAll(h.text, "`", ""))
		all = append(all, anchor)
	}
	return all
}

// documents are the Markdown files of the checkout that people read.
func documents(t *testing.T) []document {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(checkout, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (slices.Contains([]string{"node_modules", "bin", "dist"}, entry.Name()) || entry.Name() != ".." && strings.HasPrefix(entry.Name(), ".")) {
			return fs.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(path, ".md") {
			path, err = filepath.Rel(checkout, path)
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < 40 {
		t.Fatalf("%d documents, want at least 40: %q", len(paths), paths)
	}
	var all []document
	for _, path := range paths {
		all = append(all, parse(t, path))
	}
	return all
}
