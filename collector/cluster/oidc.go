package cluster

import (
	"fmt"

	_ "k8s.io/client-go/plugin/pkg/client/auth/oidc" // registers the provider
	"k8s.io/client-go/rest"
)

// oidc is the only auth-provider that client-go still has.
const oidc = "oidc"

// inMemory leaves refreshed tokens where they are, in client-go's provider: a
// kubeconfig is never written.
type inMemory struct{}

// Persist keeps nothing.
func (inMemory) Persist(map[string]string) error { return nil }

// signIn has client-go's provider sign the requests of config. client-go keeps one
// for what it calls an address, an issuer and a client for as long as the process
// lives. With the user entry in the place of the address, other tokens in the
// kubeconfig come to use, while a refresh token that the issuer has replaced
// outlives the reload of other things.
func (c Cluster) signIn(config *rest.Config) error {
	if config.AuthProvider == nil || config.AuthProvider.Name != oidc {
		return nil
	}
	provider, err := rest.GetAuthProvider(c.login, config.AuthProvider, inMemory{})
	if err != nil {
		return fmt.Errorf("%s: %w", c.Source, oidcFault(c.userEntry, config.AuthProvider))
	}
	config.AuthProvider = nil
	config.Wrap(provider.WrapTransport)
	return nil
}
