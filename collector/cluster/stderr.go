package cluster

import (
	"fmt"
	"os"
)

// withStderr runs build while os.Stderr is file. client-go hands the os.Stderr
// that it finds to every run of a credential plugin, for as long as the process
// lives, and there is no other way to set it.
func withStderr(file *os.File, build func() error) error {
	stderr := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = stderr }()
	return build()
}

// withoutStderr runs build while os.Stderr leads nowhere: what plugins print
// there (a login link, a dump of the answer) must not reach the log.
func withoutStderr(build func() error) error {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("silencing the credential plugin: %w", err)
	}
	// null stays open: the plugin writes to it for as long as the client lives.
	return withStderr(null, build)
}
