package podcount

import (
	"bytes"
	"io"
	"strings"

	"golang.org/x/net/html"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// readWords reads the body of an error for its message: that of a Status, or of what
// looks like one; else the text of a page, such as a proxy's, without its tags.
func readWords(body io.Reader, sent *redact.Exchange) document {
	raw := redact.Read(body, maxStatusBytes) // what has arrived is quoted
	doc, _ := newDecoder(bytes.NewReader(raw)).next(content{})
	if doc.message == "" {
		// Tags and entities could split a credential, so credentials are hidden
		// first, and what is left of one is when the text is cleaned.
		doc.message = pageText([]byte(sent.HideWhole(string(raw))))
	}
	return doc
}

// pageText is what a browser would show of a page.
func pageText(raw []byte) string {
	var text strings.Builder
	tokens, hidden := html.NewTokenizer(bytes.NewReader(raw)), false
	for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() { // which is the end
		if kind == html.TextToken && !hidden {
			text.WriteString(string(tokens.Text()) + " ") // tags separate words
		}
		tag, _ := tokens.TagName()
		hidden = kind == html.StartTagToken && (string(tag) == "script" || string(tag) == "style")
	}
	return text.String()
}
