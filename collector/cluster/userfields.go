package cluster

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"
)

// entries are the cluster and the user of a context, with their names.
type entries struct {
	clusterName, userName string
	cluster               *api.Cluster
	user                  *api.AuthInfo
	read                  func(path string) found // reads a path, but not a pipe
}

// fault names the field that client-go cannot use. It replaces client-go's own error,
// which quotes the value: that is a key or a token if it was put where a path
// belongs.
func (e entries) fault() error {
	if e.user == nil {
		e.user = &api.AuthInfo{}
	}
	for _, check := range []func() error{e.twiceFault, e.filesFault, e.authorityFault, e.pairFault, e.pluginFault, e.loginFault} {
		if err := check(); err != nil {
			return err
		}
	}
	return fmt.Errorf("the fields of cluster %q and user %q do not work together", e.clusterName, e.userName)
}

// entriesOf reconstructs the entries from the client configuration.
func (c Cluster) entriesOf(config *rest.Config) entries {
	return entries{
		clusterName: c.clusterEntry, userName: c.userEntry, read: c.reader.read,
		cluster: &api.Cluster{CertificateAuthority: config.CAFile, CertificateAuthorityData: config.CAData, InsecureSkipTLSVerify: config.Insecure},
		user: &api.AuthInfo{
			ClientCertificate: config.CertFile, ClientCertificateData: config.CertData,
			ClientKey: config.KeyFile, ClientKeyData: config.KeyData,
			TokenFile: config.BearerTokenFile, Token: config.BearerToken, Username: config.Username, Password: config.Password,
			Impersonate: config.Impersonate.UserName, ImpersonateUID: config.Impersonate.UID, ImpersonateGroups: config.Impersonate.Groups,
			Exec: config.ExecProvider, AuthProvider: config.AuthProvider,
		},
	}
}

func (e entries) ofCluster(field, what string) error {
	return fmt.Errorf("cluster %q: %s: %s", e.clusterName, field, what)
}

func (e entries) ofUser(field, what string) error {
	return fmt.Errorf("user %q: %s: %s", e.userName, field, what)
}

// fileField is a field that names a file; data, if given, is used instead.
type fileField struct {
	of          func(field, what string) error
	field, path string
	data        []byte
}

// files returns all fields that name files.
func (e entries) files() (fields []fileField) {
	if e.cluster != nil {
		fields = append(fields, fileField{e.ofCluster, "certificate-authority", e.cluster.CertificateAuthority, e.cluster.CertificateAuthorityData})
	}
	if e.user == nil {
		return fields
	}
	return append(fields,
		fileField{e.ofUser, "client-certificate", e.user.ClientCertificate, e.user.ClientCertificateData},
		fileField{e.ofUser, "client-key", e.user.ClientKey, e.user.ClientKeyData},
		fileField{e.ofUser, "tokenFile", e.user.TokenFile, nil},
		fileField{e.ofUser, "auth-provider.config." + issuerAuthority, e.issuerAuthority(), nil})
}

// unused says whether client-go ignores a file that is named: that of a key without a
// certificate, or that of a token beside a token, which it uses only as a fallback.
func (e entries) unused(field string) bool {
	switch field {
	case "client-key":
		return e.user.ClientCertificate == "" && len(e.user.ClientCertificateData) == 0
	case "tokenFile":
		return e.user.Token != ""
	}
	return false
}

// twiceFault is the fault of a value that is given in two ways.
func (e entries) twiceFault() error {
	for _, file := range e.files() {
		if file.path != "" && len(file.data) > 0 && !e.unused(file.field) {
			return file.of(file.field, "not together with "+file.field+"-data")
		}
	}
	return nil
}

// filesFault reads all files, even after one that cannot be read, so that a change of
// any is noticed.
func (e entries) filesFault() (first error) {
	for _, file := range e.files() {
		if _, err := e.contentOf(file.path, file.data); err != nil && first == nil && !e.unused(file.field) {
			first = file.of(file.field, err.Error())
		}
	}
	return first
}

// contentOf returns data, or else the content of a regular file: reading another kind
// may never end.
func (e entries) contentOf(path string, data []byte) ([]byte, error) {
	if len(data) > 0 || path == "" {
		return data, nil
	}
	f := e.read(path)
	if f.err == nil && !f.mode.IsRegular() {
		return nil, errors.New("not a regular file")
	}
	return f.data, f.err
}

func (e entries) authorityFault() error {
	data, err := e.authority()
	switch {
	case err != nil:
		return e.ofCluster("certificate-authority", err.Error())
	case len(data) == 0:
		return nil
	case e.cluster.InsecureSkipTLSVerify:
		return e.ofCluster("certificate-authority", "not together with insecure-skip-tls-verify")
	case !x509.NewCertPool().AppendCertsFromPEM(data):
		return e.ofCluster("certificate-authority", "no certificates in PEM")
	}
	return nil
}

func (e entries) pairFault() error {
	cert, certErr := e.contentOf(e.user.ClientCertificate, e.user.ClientCertificateData)
	key, keyErr := e.contentOf(e.user.ClientKey, e.user.ClientKeyData)
	switch {
	case e.unused("client-key"):
		return nil
	case certErr != nil || keyErr != nil:
		return e.ofUser("client-certificate and client-key", "a file changed while it was read")
	case len(key) == 0:
		return e.ofUser("client-key", "missing beside client-certificate")
	case len(cert) == 0:
		return e.ofUser("client-certificate", "the file is empty")
	}
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		return e.ofUser("client-certificate and client-key", "not a certificate and its key in PEM")
	}
	return nil
}

func (e entries) tokenFault() error {
	if data, err := e.contentOf(e.user.TokenFile, nil); err == nil && e.user.TokenFile != "" && e.user.Token == "" && len(bytes.TrimSpace(data)) == 0 {
		return e.ofUser("tokenFile", "the file is empty")
	}
	return nil
}

func (e entries) pluginFault() error {
	versions := []string{"client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"}
	modes := []api.ExecInteractiveMode{"", api.NeverExecInteractiveMode, api.IfAvailableExecInteractiveMode, api.AlwaysExecInteractiveMode}
	switch plugin := e.user.Exec; {
	case plugin == nil && e.user.AuthProvider == nil:
		return nil
	case plugin == nil:
		return e.providerFault()
	case e.user.AuthProvider != nil:
		return e.ofUser("exec", "not together with auth-provider")
	case plugin.Command == "":
		return e.ofUser("exec.command", "missing")
	case !slices.Contains(versions, plugin.APIVersion):
		return e.ofUser("exec.apiVersion", "not "+strings.Join(versions, " or "))
	case !slices.Contains(modes, plugin.InteractiveMode):
		return e.ofUser("exec.interactiveMode", "not Never, IfAvailable or Always")
	case plugin.InteractiveMode == "" && plugin.APIVersion == versions[0]:
		return e.ofUser("exec.interactiveMode", "missing")
	case slices.ContainsFunc(plugin.Env, func(v api.ExecEnvVar) bool { return v.Name == "" }):
		return e.ofUser("exec.env", "a variable has no name")
	}
	return nil
}

// attendedFault is the fault of a plugin that needs somebody to answer it: it would
// fail at each request, unless other credentials take precedence.
func (e entries) attendedFault() error {
	if e.user.Exec == nil || e.user.Exec.InteractiveMode != api.AlwaysExecInteractiveMode || e.user.Token+e.user.TokenFile+e.user.Username != "" {
		return nil
	}
	return e.ofUser("exec.interactiveMode", "Always wants a terminal, and the exporter runs unattended; Never and IfAvailable do not")
}

func (e entries) loginFault() error {
	switch {
	case e.user.Username == "" && e.user.Password != "" && e.user.Token != "":
		return e.ofUser("password", "more than one authentication method, as there is a token too")
	case e.user.Username != "" && (e.user.Token != "" || e.user.TokenFile != ""):
		return e.ofUser("username", "more than one authentication method, as there is a token or tokenFile too")
	case e.user.Impersonate == "" && (e.user.ImpersonateUID != "" || len(e.user.ImpersonateGroups)+len(e.user.ImpersonateUserExtra) > 0):
		return e.ofUser("as-uid, as-groups or as-user-extra", "not without as")
	}
	return nil
}
