package kubesim

import (
	"encoding/base64"
	"encoding/json"
	"path"
	"strings"
)

// anyVersion in a continue token means: go on at the newest resourceVersion.
const anyVersion = -1

// continueToken is the real server's token, field for field.
type continueToken struct {
	APIVersion string `json:"v"`
	Version    int64  `json:"rv"`
	Start      string `json:"start"`
}

// encodeToken returns the token that goes on at key start, which is relative
// to the list's prefix. Spaces at its end make tokens differ that mean the same.
func encodeToken(version int64, start string, spaces int) string {
	data, err := json.Marshal(continueToken{"meta.k8s.io/v1", version, start})
	if err != nil {
		return "" // a struct of strings and numbers always encodes
	}
	return base64.RawURLEncoding.EncodeToString(append(data, strings.Repeat(" ", spaces)...))
}

// decodeToken returns the token, or why the real server refuses it.
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
