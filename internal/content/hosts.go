package content

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// host is what the site says about one registry.
type host struct {
	registry v1alpha1.Registry
	// plain is set when it is to be asked without TLS: the site says so and nothing of TLS, or it
	// was seen to answer so where the site permits both.
	plain     atomic.Bool
	transport http.RoundTripper // its own, nil for the common one
}

// newHosts sets each registry up. own makes a transport with other ideas of TLS.
func newHosts(registries []v1alpha1.Registry, own func(*tls.Config) http.RoundTripper) map[string]*host {
	hosts := map[string]*host{}
	for _, r := range registries {
		h := &host{registry: r}
		h.plain.Store(r.PlainHTTP && !r.SkipTLSVerify)
		if r.SkipTLSVerify || len(r.CACerts) > 0 {
			h.transport = own(&tls.Config{
				MinVersion: tls.VersionTLS12, RootCAs: authorities(r.CACerts),
				InsecureSkipVerify: r.SkipTLSVerify, //nolint:gosec // the site's own word: stylet.registries[].skipTLSVerify
			})
		}
		key := r.Host
		if parsed, err := name.NewRegistry(r.Host); err == nil {
			key = parsed.RegistryStr() // docker.io is index.docker.io in references
		}
		hosts[key] = h
	}
	return hosts
}

// authorities are the system's and those given, PEM. User-data was checked when it was read: what is
// not PEM here adds nothing.
func authorities(extra []string) *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	for _, text := range extra {
		pool.AppendCertsFromPEM([]byte(text))
	}
	return pool
}

// authoritiesOf are those that a registry is verified by.
func (c *Client) authoritiesOf(registry string) *x509.CertPool {
	if h := c.hosts[registry]; h != nil {
		return authorities(h.registry.CACerts)
	}
	return authorities(nil)
}

// isPlain tells whether a registry is to be asked without TLS.
func (c *Client) isPlain(registry string) bool {
	h := c.hosts[registry]
	return h != nil && h.plain.Load()
}

// permitsPlain tells whether a registry may be asked without TLS where TLS does not work.
func (c *Client) permitsPlain(registry string) bool {
	h := c.hosts[registry]
	return h != nil && h.registry.PlainHTTP
}

// siteKeychain gives the credentials of the user-data, or else those of another keychain.
type siteKeychain struct {
	hosts map[string]*host
	next  authn.Keychain
}

// Resolve implements authn.Keychain.
func (k siteKeychain) Resolve(resource authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), resource)
}

// ResolveContext implements authn.ContextKeychain.
func (k siteKeychain) ResolveContext(ctx context.Context, resource authn.Resource) (authn.Authenticator, error) {
	if h := k.hosts[resource.RegistryStr()]; h != nil && h.registry.Username != "" {
		return authn.FromConfig(authn.AuthConfig{Username: h.registry.Username, Password: h.registry.Password.Reveal()}), nil
	}
	auth, err := authn.Resolve(ctx, k.next, resource)
	if err != nil {
		return nil, fmt.Errorf("looking for credentials of %s: %w", resource.RegistryStr(), err)
	}
	return auth, nil
}
