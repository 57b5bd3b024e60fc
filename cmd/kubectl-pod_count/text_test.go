package main

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", "worker-1.example_a (1/2)", "worker-1.example_a (1/2)"},
		{"other letters", "节点-é", "节点-é"},
		{"symbols", "█ – €", "█ – €"},
		{"escape", "\x1b[31m", `\u001b[31m`},
		{"bell, delete and C1", "\a\x7f\u009b", `\u0007\u007f\u009b`},
		{"lines", "a\r\n\tb", `a\u000d\u000a\u0009b`},
		{"direction", "\u202e\u2066", `\u202e\u2066`},
		{"without width", "\u200b\ufeff\u00ad", `\u200b\ufeff\u00ad`},
		{"letters that fill", "\u3164\u115f", `\u3164\u115f`},
		{"marks", "e\u0301", `e\u0301`},
		{"other spaces", "\u00a0\u3000\u2028", `\u00a0\u3000\u2028`},
		{"tags", "\U000e0041", `\udb40\udc41`},
		{"private", "\ue000", `\ue000`},
		{"no UTF-8", "a\xffb\xc3", `a\xffb\xc3`},
		{"replacement", "\ufffd", "\ufffd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := printable(tt.text); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\x1b[2J\u202e\xff")
	f.Fuzz(func(t *testing.T, text string) {
		safe := printable(text)
		if !utf8.ValidString(safe) || printable(safe) != safe || strings.ContainsFunc(safe, unicode.IsControl) {
			t.Errorf("%q of %q", safe, text)
		}
		if short := cut(safe, 10); columns(short) > 10 {
			t.Errorf("%q takes %d columns", short, columns(short))
		}
	})
}

func TestColumns(t *testing.T) {
	tests := []struct {
		text string
		want int
	}{{"", 0}, {"abc", 3}, {"节点", 4}, {"ｗ", 2}, {"é–█", 3}, {"😀", 2}}
	for _, tt := range tests {
		if got := columns(tt.text); got != tt.want {
			t.Errorf("%q takes %d columns, want %d", tt.text, got, tt.want)
		}
	}
}

func TestBar(t *testing.T) {
	tests := []struct {
		share float64
		want  string
	}{{0, ""}, {0.03, ""}, {0.04, "▏"}, {0.125, "▌"}, {0.5, "██"}, {0.97, "███▉"}, {1, "████"}, {3, "████"}}
	for _, tt := range tests {
		if got := bar(tt.share, 4); got != tt.want {
			t.Errorf("%v is %q, want %q", tt.share, got, tt.want)
		}
	}
}

func TestWholePercent(t *testing.T) {
	tests := []struct {
		part  int
		whole int64
		want  int
	}{{0, 110, 0}, {1, 110, 0}, {109, 110, 99}, {110, 110, 100}, {111, 110, 100}, {29, 100, 29}, {57, 100, 57}, {58, 100, 58}, {999_999, 1_000_000, 99}, {1, 1 << 62, 0}}
	for _, tt := range tests {
		if got := wholePercent(tt.part, tt.whole); got != tt.want {
			t.Errorf("%d of %d is %d%%, want %d%%", tt.part, tt.whole, got, tt.want)
		}
	}
	for whole := int64(1); whole <= 300; whole++ {
		for part := range int(whole) {
			if got := wholePercent(part, whole); got != part*100/int(whole) {
				t.Fatalf("%d of %d is %d%%", part, whole, got)
			}
		}
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
