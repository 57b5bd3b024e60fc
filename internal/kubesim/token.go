package kubesim

import (
	"encoding/base64"
	"encoding/json"
	"path"
	"strings"
)

// anyVersion in a continue token means: go on at the newest resourceVersion.
const anyVersion = -1

// continueToken has the fields of the real server's token.
type continueToken struct {
	APIVersion string `json:"v"`
	Version    int64  `json:"rv"`
	Start      string `json:"start"`
}

// encodeToken returns the token for key start, relative to the list's prefix. Spaces
// at the end make different tokens for the same key.
func encodeToken(version int64, start string, spaces int) string {
	data, err := json.Marshal(continueToken{"meta.k8s.io/v1", version, start})
	if err != nil {
		return "" // a struct of strings and numbers always encodes
	}
	return base64.RawURLEncoding.EncodeToString(append(data, strings.Repeat(" ", spaces)...))
}

// decodeToken returns the token, or the real server's reason to refuse it.
func decodeToken(text string) (continueToken, string) {
	var t continueToken
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	switch {
	case err != nil:
		return t, "continue key is not valid: " + err.Error()
	case t.APIVersion != "meta.k8s.io/v1":
		return t, "continue key is not valid: server does not recognize this encoded version " + t.APIVersion
	case t.Version == 0:
		return t, "continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)"
	case t.Start == "":
		return t, "continue key is not valid: encoded start key empty (version meta.k8s.io/v1)"
	case path.Clean("/"+t.Start) != "/"+t.Start:
		return t, "continue key is not valid: " + t.Start
	}
	return t, ""
}
