package podcount

import (
	"errors"
	"strings"
	"testing"
)

// TestLabelsTwice has nodes with a label twice. One that is selected by is refused, as
// readers may understand it differently; any other says nothing.
func TestLabelsTwice(t *testing.T) {
	for text, want := range map[string]error{`"zone":"x","zone":"y"`: errDuplicate, `"zone":"x","z\u006fne":"x"`: errDuplicate, `"other":"x","other":"y","zone":"x"`: nil} {
		set := newNodeSet(newAccount(nil).open())
		set.labels = Selection{Labels: "zone=x"}.labels()
		list := `{"kind":"NodeList","metadata":{"resourceVersion":"7"},"items":[{"metadata":{"labels":{` + text + `},"name":"a"}}]}`
		if _, err := readDocument(newDecoder(strings.NewReader(list)), set.content()); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}
