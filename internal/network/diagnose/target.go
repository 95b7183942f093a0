package diagnose

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// Target is something that the host needs to reach.
type Target struct {
	// Name is what people call it, Why where it comes from (a key of the user-data, or "argument").
	Name, Why string
	// Scheme is http or https; Host a name or an address; Port a number.
	Scheme, Host, Port string
	// Registry says that it is an OCI registry; Reference, if not nil, is an artifact there.
	Registry  bool
	Reference name.Reference
	// URL, if not nil, is a file there.
	URL *url.URL

	// ported says that somebody named the port.
	ported bool
}

const targetRemedy = "write HOST, HOST:PORT, https://HOST/PATH, or REGISTRY/REPOSITORY:TAG"

// ParseTarget reads HOST[:PORT], a URL, or a reference with its registry. The error is a *fault.Error of
// kind Input.
func ParseTarget(text, why string) (Target, error) {
	switch {
	case strings.Contains(text, "://"):
		return urlTarget(text, why)
	case strings.Contains(text, "/"):
		ref, err := name.ParseReference(text, name.StrictValidation)
		if err != nil {
			return Target{}, fault.Wrap(err, fault.Input, "network.target", targetRemedy, "reading the target of %s", why)
		}
		t, err := hostTarget(ref.Context().RegistryStr(), why)
		t.Name, t.Registry, t.Reference = text, true, ref
		return t, err
	}
	return hostTarget(text, why)
}

// RegistryTarget is a registry by its host, as references write it.
func RegistryTarget(host, why string) (Target, error) {
	registry, err := name.NewRegistry(host, name.StrictValidation)
	if err != nil {
		return Target{}, fault.Wrap(err, fault.Input, "network.target", targetRemedy, "reading the target of %s", why)
	}
	t, err := hostTarget(registry.RegistryStr(), why)
	t.Name, t.Registry = host, true
	return t, err
}

// urlTarget never shows what may be a secret: a login or the query.
func urlTarget(text, why string) (Target, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return Target{}, fault.New(fault.Input, "network.target", targetRemedy, "the target of %s is not a URL of http or https", why)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return Target{Name: shown.String(), Why: why, Scheme: u.Scheme, Host: u.Hostname(), Port: port, URL: u}, nil
}

func hostTarget(text, why string) (Target, error) {
	host, port, portErr := net.SplitHostPort(text)
	if portErr != nil {
		host, port = strings.Trim(text, "[]"), "443"
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 || host == "" || strings.ContainsAny(host, " @[]?#") || (strings.Contains(host, ":") && !isAddress(host)) {
		return Target{}, fault.New(fault.Input, "network.target", targetRemedy, "%q is not a host", text)
	}
	return Target{Name: text, Why: why, Scheme: "https", Host: host, Port: port, ported: portErr == nil}, nil
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// hostPort is HOST:PORT, as one dials.
func (t Target) hostPort() string { return net.JoinHostPort(t.Host, t.Port) }

// host is what stands in a URL: without the port that its scheme has anyway.
func (t Target) host() string {
	if (t.Scheme == "https" && t.Port == "443") || (t.Scheme == "http" && t.Port == "80") {
		if strings.Contains(t.Host, ":") {
			return "[" + t.Host + "]"
		}
		return t.Host
	}
	return t.hostPort()
}

// root is the URL that is asked for when nothing of the target needs to be known.
func (t Target) root() *url.URL {
	u := &url.URL{Scheme: t.Scheme, Host: t.host(), Path: "/"}
	switch {
	case t.Registry:
		u.Path = "/v2/"
	case t.URL != nil:
		u.Path, u.RawPath = t.URL.Path, t.URL.RawPath
	}
	return u
}

// withoutTLS is the same target by http; a port that nobody named is another one then.
func (t Target) withoutTLS() Target {
	t.Scheme = "http"
	if !t.ported {
		t.Port = "80"
	}
	return t
}

// isLocal tells a target that needs no network.
func (t Target) isLocal() bool {
	address, err := netip.ParseAddr(t.Host)
	return t.Host == "localhost" || (err == nil && address.IsLoopback())
}
