package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// invalid says what is wrong with a kubeconfig. It does not use the parsers' own
// texts, which quote what they could not read: that may be a token.
func invalid(data []byte, err error) error {
	if section, name := twice(data); section != "" {
		return fmt.Errorf("not a valid kubeconfig: %s: the name %q appears twice", section, shortened(name))
	}
	return fmt.Errorf("not a valid kubeconfig%s%s", kindFault(data), positionIn(data, err))
}

// kindFault says which of apiVersion and kind is not that of a kubeconfig.
func kindFault(data []byte) string {
	var is struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	var object map[string]any
	switch {
	case yaml.Unmarshal(data, &object) != nil, yaml.Unmarshal(data, &is) != nil:
		return "" // something else is wrong
	case is.Kind != "" && is.Kind != "Config":
		return ": its kind is not Config"
	case is.APIVersion != "" && is.APIVersion != "v1":
		return ": its apiVersion is not v1"
	}
	return ""
}

// twice finds the section of a kubeconfig in which a name appears twice.
func twice(data []byte) (section, name string) {
	type named struct {
		Name string `json:"name"`
	}
	var names struct {
		Clusters []named `json:"clusters"`
		Users    []named `json:"users"`
		Contexts []named `json:"contexts"`
	}
	if yaml.Unmarshal(data, &names) != nil {
		return "", ""
	}
	for _, list := range []struct {
		section string
		entries []named
	}{{"clusters", names.Clusters}, {"users", names.Users}, {"contexts", names.Contexts}} {
		seen := make(map[string]bool)
		for _, entry := range list.entries {
			if seen[entry.Name] {
				return list.section, entry.Name
			}
			seen[entry.Name] = true
		}
	}
	return "", ""
}

// positionIn returns the positions that a parser's error names, and nothing that it
// quotes: " (line 3)", " (field users.user.token)", or "". JSON has few lines, so its
// position is a byte.
func positionIn(data []byte, err error) string {
	var syntax *json.SyntaxError
	if strings.HasPrefix(strings.TrimSpace(string(data)), "{") && errors.As(json.Unmarshal(data, new(any)), &syntax) {
		return fmt.Sprintf(" (byte %d of its JSON)", syntax.Offset)
	}
	place := regexp.MustCompile(`\bline \d+\b|\binput byte \d+\b|\bfield [A-Za-z.\[\]-]+ of type\b`)
	if found := place.FindAllString(err.Error(), 2); found != nil {
		return " (" + strings.ReplaceAll(strings.Join(found, ", "), " of type", "") + ")"
	}
	return ""
}
