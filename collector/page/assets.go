package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets
var assetFiles embed.FS

// assets are the files that documents refer to. The path of a file contains the hash
// of its content, so that a browser can cache it forever and never uses that of
// another version.
type assets struct {
	paths map[string]string // by the name of the file
	files map[string]asset  // by path
}

type asset struct {
	content   []byte
	mediaType string
	tag       string
}

func loadAssets() (assets, error) {
	a := assets{paths: make(map[string]string), files: make(map[string]asset)}
	for name, mediaType := range map[string]string{
		"page.css": "text/css; charset=utf-8",
		"page.js":  "text/javascript; charset=utf-8",
		"icon.svg": "image/svg+xml",
	} {
		content, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			return a, fmt.Errorf("the asset %s: %w", name, err)
		}
		sum := sha256.Sum256(content)
		hash := hex.EncodeToString(sum[:8])
		ext := path.Ext(name)
		at := AssetsPrefix + strings.TrimSuffix(name, ext) + "." + hash + ext
		a.paths[name] = at
		a.files[at] = asset{content: content, mediaType: mediaType, tag: `"` + hash + `"`}
	}
	return a, nil
}

// path returns the path of an asset, for documents.
func (a assets) path(name string) (string, error) {
	at, there := a.paths[name]
	if !there {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return "." + at, nil
}

// Assets serves the files of the documents under AssetsPrefix.
func (p *Page) Assets(w http.ResponseWriter, r *http.Request) {
	file, there := p.assets.files[r.URL.Path]
	if !there {
		http.NotFound(w, r)
		return
	}
	protect(w.Header())
	w.Header().Set("Content-Type", file.mediaType)
	w.Header().Set("Cache-Control", "max-age=31536000, immutable")
	w.Header().Set("ETag", file.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.content))
}
