package podcount

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	hide := func(text string) string { return strings.ReplaceAll(text, "hunter2", "***") }
	request := func(err error) error {
		return &url.Error{Op: "Get", URL: "https://user:hunter2@api/api/v1/pods?limit=500", Err: err}
	}
	tests := []struct {
		name   string
		err    error
		redact func(string) string
		want   string
	}{
		{"plain", errors.New("connection refused"), nil, "connection refused"},
		{"lines", errors.New("a\r\nb\tc\x00d"), nil, "a b c d"},
		{"terminal escapes", errors.New("\x1b[31mred\x1b[0m\u009b"), nil, "[31mred [0m"},
		{"hidden and reversing", errors.New("a\u200bb\u202ec\u2028d"), nil, "a b c d"},
		{"invalid UTF-8", errors.New("a\xff\xfeb"), nil, "a b"},
		{"URL with user info", request(errors.New("EOF")), nil, "EOF"},
		{"URL within a URL", request(fmt.Errorf("token: %w", request(errors.New("EOF")))), nil, "EOF"},
		{"wrapped URL", fmt.Errorf("asking: %w", request(errors.New("EOF"))), nil, "EOF"},
		{"secret", errors.New("bad password hunter2"), hide, "bad password ***"},
		{"secret beyond the length", errors.New(strings.Repeat("x", maxErrorText-3) + "hunter2"), hide, strings.Repeat("x", maxErrorText-3) + "***"},
		{"secret within a URL error", request(errors.New("hunter2")), hide, "***"},
		{"only control characters", errors.New("\n\n"), nil, ""}, //nolint:revive // the text is what is tested
		{"long", errors.New(strings.Repeat("x", 1<<20)), nil, strings.Repeat("x", maxErrorText) + "…"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := clean(test.err, test.redact)
			if got.Error() != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if !errors.Is(got, test.err) {
				t.Error("the cause is lost")
			}
		})
	}
}

func TestShortenKeepsCharactersWhole(t *testing.T) {
	for n := range 8 {
		got := shorten(strings.Repeat("x", n) + strings.Repeat("日", 200))
		if !utf8.ValidString(got) || len(got) > maxErrorText+utf8.UTFMax+len("…") {
			t.Errorf("offset %d: %d bytes, %q", n, len(got), got)
		}
	}
}
