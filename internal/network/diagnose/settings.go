package diagnose

import (
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"golang.org/x/net/http/httpproxy"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Settings say what is to be reached, and how.
type Settings struct {
	// Root is where this host's sys, etc and run are: "/", or what a test made.
	Root    string
	Targets []Target
	// Registries are those that the site says something about.
	Registries []v1alpha1.Registry
	// HTTPProxy and HTTPSProxy are proxies by the target's scheme, NoProxy the list of what is reached
	// without them, in the form of the environment variable.
	HTTPProxy, HTTPSProxy v1alpha1.Secret
	NoProxy               string
	// CACerts are authorities beside the system's, PEM.
	CACerts []string
	// NameServers are asked beside those of the host.
	NameServers []string
	// UserAgent is sent with each request.
	UserAgent string
	// Progress is called when a hop begins; nil is nobody.
	Progress func(Step)
}

// Step is what is being waited for.
type Step struct {
	// Code is the hop, Target what it leads to; empty for the host's own hops.
	Code, Target string
}

// errProxyAddress says nothing of the address: there may be a password in it.
var errProxyAddress = errors.New("the address of the proxy is not one of http:// or https://")

// proxyOf gives the proxy for a URL, nil for the direct way. httpproxy goes directly where it cannot read a
// proxy's address; here that is an error.
func (s Settings) proxyOf(u *url.URL) (*url.URL, error) {
	for _, secret := range []v1alpha1.Secret{s.HTTPProxy, s.HTTPSProxy} {
		if !isProxyAddress(secret.Reveal()) {
			return nil, errProxyAddress
		}
	}
	config := httpproxy.Config{HTTPProxy: s.HTTPProxy.Reveal(), HTTPSProxy: s.HTTPSProxy.Reveal(), NoProxy: s.NoProxy}
	via, err := config.ProxyFunc()(u)
	if err != nil {
		return nil, errProxyAddress
	}
	return via, nil
}

// isProxyAddress takes [http://|https://][USER:PASSWORD@]HOST[:PORT], and nothing for none.
func isProxyAddress(text string) bool {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	return text == "http://" || (err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "")
}

// registryOf gives what the site says about the target, the zero Registry if nothing.
func (s Settings) registryOf(t Target) v1alpha1.Registry {
	for _, r := range s.Registries {
		registry, err := name.NewRegistry(r.Host)
		if err != nil {
			continue // user-data was checked when it was read
		}
		known, err := hostTarget(registry.RegistryStr(), "")
		if err == nil && known.Host == t.Host && known.Port == t.Port {
			return r
		}
	}
	return v1alpha1.Registry{}
}

// trust is a set of authorities.
type trust struct{ system, site, registry *x509.CertPool }

// trustFor gives the authorities for a target, by who named them.
func (s Settings) trustFor(r v1alpha1.Registry) trust {
	system, err := x509.SystemCertPool()
	if err != nil {
		system = x509.NewCertPool()
	}
	return trust{system: system, site: poolOf(s.CACerts), registry: poolOf(r.CACerts)}
}

// all are the authorities that a client of the target believes.
func (s Settings) all(r v1alpha1.Registry) *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	for _, text := range append(append([]string(nil), s.CACerts...), r.CACerts...) {
		pool.AppendCertsFromPEM([]byte(text))
	}
	return pool
}

func poolOf(texts []string) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, text := range texts {
		pool.AppendCertsFromPEM([]byte(text))
	}
	return pool
}

// shownProxy is a proxy's address without its login.
func shownProxy(u *url.URL) string { return u.Scheme + "://" + u.Host }

// proxyPort is HOST:PORT of a proxy; without a port the scheme's.
func proxyPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
