package main

import (
	"errors"
	"regexp"
	"strings"
)

// withoutQuotes removes from an error about the web configuration file what the YAML
// parser quotes of it, which may be a password.
func withoutQuotes(err error) error {
	text := regexp.MustCompile("`[^`]*`|'[^']*'").ReplaceAllString(err.Error(), "***")
	return errors.New(strings.Join(strings.Fields(text), " "))
}
