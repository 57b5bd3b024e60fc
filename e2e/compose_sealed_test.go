//go:build e2e

package e2e

import (
	"encoding/json"
	"regexp"
	"slices"
)

// container is what podman says of one.
type container struct {
	EffectiveCaps []string
	Config        struct{ User string }
	HostConfig    struct {
		ReadonlyRootfs bool
		SecurityOpt    []string
		PortBindings   map[string][]struct{ HostIP string }
	}
}

// wantSealed asks the engine what holds a running container.
func (c *engine) wantSealed(service string) {
	c.t.Helper()
	name := c.podman("ps", "--quiet", "--filter", "label=com.docker.compose.service="+service)
	var found []container
	if err := json.Unmarshal([]byte(c.podman("inspect", name)), &found); err != nil || len(found) != 1 {
		c.t.Fatalf("%s: %d containers, %v", service, len(found), err)
	}
	is := found[0]
	if !is.HostConfig.ReadonlyRootfs || len(is.EffectiveCaps) > 0 || !slices.Contains(is.HostConfig.SecurityOpt, "no-new-privileges") ||
		!regexp.MustCompile(`^[1-9]\d*:`).MatchString(is.Config.User) {
		c.t.Errorf("%s is not sealed: %+v", service, is)
	}
	for port, bindings := range is.HostConfig.PortBindings {
		for _, binding := range bindings {
			if binding.HostIP != "127.0.0.1" {
				c.t.Errorf("%s: port %s is published on %q", service, port, binding.HostIP)
			}
		}
	}
}
