package cluster

import (
	"fmt"

	_ "k8s.io/client-go/plugin/pkg/client/auth/oidc" // registers the provider
	"k8s.io/client-go/rest"
)

const (
	// oidc is the only auth-provider that client-go still has.
	oidc = "oidc"
	// issuerAuthority is the field with the file of its issuer's certificates.
	issuerAuthority = "idp-certificate-authority"
)

// inMemory keeps refreshed tokens in the memory of client-go's provider: kubeconfigs
// are never written.
type inMemory struct{}

// Persist keeps nothing.
func (inMemory) Persist(map[string]string) error { return nil }

// signIn has client-go's provider sign the requests of config. client-go keeps one
// provider per address, issuer and client for as long as the process lives. With the
// user entry as the address, changed tokens in the kubeconfig are used, while a
// refresh token that the issuer has replaced survives reloads of other things.
func (c Cluster) signIn(config *rest.Config) error {
	if config.AuthProvider == nil || config.AuthProvider.Name != oidc {
		return nil
	}
	provider, err := rest.GetAuthProvider(c.Login, config.AuthProvider, inMemory{})
	if err != nil {
		return fmt.Errorf("%s: %w", c.Source, c.entriesOf(config).providerFault())
	}
	config.AuthProvider = nil
	config.Wrap(provider.WrapTransport)
	return nil
}

func (e entries) issuerAuthority() string {
	if provider := e.user.AuthProvider; provider != nil && provider.Name == oidc {
		return provider.Config[issuerAuthority]
	}
	return ""
}

// providerFault says what is wrong with an auth-provider, or what to use instead of
// it.
func (e entries) providerFault() error {
	const field = "auth-provider.config."
	switch provider := e.user.AuthProvider; {
	case provider.Name != oidc:
		return e.ofUser("auth-provider", "no longer part of Kubernetes's client; use exec instead, with "+insteadOf(provider.Name))
	case provider.Config["idp-issuer-url"] == "":
		return e.ofUser(field+"idp-issuer-url", "missing")
	case provider.Config["client-id"] == "":
		return e.ofUser(field+"client-id", "missing")
	}
	return e.ofUser(field+issuerAuthority+" and "+issuerAuthority+"-data", "not certificates in PEM, or not in base64")
}

// insteadOf names the credential plugin that has replaced a provider.
func insteadOf(provider string) string {
	switch provider {
	case "gcp":
		return "gke-gcloud-auth-plugin (gcloud container clusters get-credentials writes such a kubeconfig)"
	case "azure":
		return "kubelogin (kubelogin convert-kubeconfig rewrites the kubeconfig)"
	case "openstack":
		return "client-keystone-auth"
	}
	return "a credential plugin of your provider"
}
