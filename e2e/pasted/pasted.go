// Package pasted finds the blocks of commands in the guides, so that the end-to-end
// tests run them as a reader does who pastes one as a whole.
package pasted

import (
	"fmt"
	"os"
	"strings"
)

// Block returns the commands of the document's block for the shell that begins with the
// given line.
func Block(path, first string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("looking for commands: %w", err)
	}
	_, rest, found := strings.Cut(string(text), "\n```sh\n"+first+"\n")
	block, _, ends := strings.Cut(rest, "\n```\n")
	if !found || !ends {
		return "", fmt.Errorf("%s has no block that begins with %q", path, first)
	}
	return first + "\n" + block, nil
}

// Script is the block for bash -c: it ends at the first command that fails, and what it
// has left in the background ends with it.
func Script(block string) string {
	return "set -eo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + block
}
