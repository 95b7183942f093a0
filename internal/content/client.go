package content

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Options says how registries are reached. The zero value is TLS, anonymous, with the proxy of
// the environment (HTTPS_PROXY, NO_PROXY).
type Options struct {
	// Registries are those that the site says something about.
	Registries []v1alpha1.Registry
	// Mapping sends references that begin with a key to its value instead; the longest key counts.
	Mapping map[string]string
	// UserAgent is sent with each request, for example "stylet/1.0.0".
	UserAgent string
	// Keychain gives credentials where the site gives none; nil is anonymous.
	Keychain authn.Keychain
	// Transport makes the requests; nil is a transport with bounded waits.
	Transport http.RoundTripper
}

// Client talks to OCI registries. It may be used by several goroutines.
type Client struct {
	hosts     map[string]*host
	mapping   map[string]string
	keychain  authn.Keychain
	transport http.RoundTripper

	mu    sync.Mutex
	pulls map[string]http.RoundTripper // by repository; with the answer to the token dance
}

// NewClient makes a client. It makes no request.
func NewClient(options Options) *Client {
	c := &Client{
		hosts:   newHosts(options.Registries, boundedTransport),
		mapping: options.Mapping,
		pulls:   map[string]http.RoundTripper{},
	}
	keychain, inner := options.Keychain, options.Transport
	if keychain == nil {
		keychain = authn.NewMultiKeychain()
	}
	if inner == nil {
		inner = boundedTransport(nil)
	}
	c.keychain = siteKeychain{c.hosts, keychain}
	c.transport = transport.NewUserAgent(&tlsGuard{inner: inner, hosts: c.hosts}, options.UserAgent)
	return c
}

// boundedTransport waits for nothing longer than a person would. Reading a body is bounded by
// whoever reads. A nil configuration of TLS is the usual one.
func boundedTransport(config *tls.Config) http.RoundTripper {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		ForceAttemptHTTP2:   true,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: 10 * time.Second,
		// A registry may read back gigabytes before it accepts them; fetching has its own, shorter bounds.
		ResponseHeaderTimeout: 5 * time.Minute,
		IdleConnTimeout:       15 * time.Second,
		MaxIdleConnsPerHost:   4,
	}
}

// tlsGuard lets requests without TLS through only to the hosts that the site permits, whatever
// asked for them: a library's rule of thumb for local addresses, or a redirect.
type tlsGuard struct {
	inner http.RoundTripper
	hosts map[string]*host
}

type plainHTTPError struct{ host string }

func (e *plainHTTPError) Error() string { return "plain http to " + e.host + " is not permitted" }

func (g *tlsGuard) RoundTrip(request *http.Request) (*http.Response, error) {
	h := g.hosts[request.URL.Host]
	if request.URL.Scheme != "https" && (h == nil || !h.registry.PlainHTTP) {
		return nil, &plainHTTPError{host: request.URL.Host}
	}
	if h != nil && h.transport != nil {
		return h.transport.RoundTrip(request)
	}
	return g.inner.RoundTrip(request)
}

// parse reads a reference that must name its registry, REGISTRY/REPOSITORY:TAG or @sha256:DIGEST.
func (c *Client) parse(reference string) (name.Reference, error) {
	reference = Mapped(reference, c.mapping)
	ref, err := name.ParseReference(reference, name.StrictValidation)
	if err == nil && c.isPlain(ref.Context().RegistryStr()) {
		ref, err = name.ParseReference(reference, name.StrictValidation, name.Insecure)
	}
	if err != nil {
		return nil, badReference(err, reference)
	}
	return ref, nil
}

func badReference(err error, reference string) error {
	return fault.Wrap(err, fault.Input, "registry.reference",
		"write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST", "reading the reference %q", reference)
}

// Mapped sends a reference where the site wants it: by the longest prefix that ends where a name ends.
func Mapped(reference string, mapping map[string]string) string {
	longest := ""
	for prefix := range mapping {
		rest, ok := strings.CutPrefix(reference, prefix)
		if ok && (rest == "" || strings.ContainsAny(rest[:1], "/:@")) && len(prefix) > len(longest) {
			longest = prefix
		}
	}
	if longest == "" {
		return reference
	}
	return mapping[longest] + reference[len(longest):]
}

// pull gives the transport for reading from a repository, with the registry's challenge answered.
func (c *Client) pull(ctx context.Context, repo name.Repository) (http.RoundTripper, error) {
	c.mu.Lock()
	known := c.pulls[repo.Name()]
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	auth, err := authn.Resolve(ctx, c.keychain, repo)
	if err != nil {
		return nil, fmt.Errorf("looking for credentials: %w", err)
	}
	fresh, err := transport.NewWithContext(ctx, repo.Registry, auth, c.transport, []string{repo.Scope(transport.PullScope)})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulls[repo.Name()] = fresh
	return fresh, nil
}

// forget drops the answer to a challenge, so that the next request asks again.
func (c *Client) forget(repo name.Repository) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pulls, repo.Name())
}

// get asks for a path of the repository. The caller closes the body. Any status but those
// accepted is an error, translated for people.
func (c *Client) get(ctx context.Context, repo name.Repository, path string, header http.Header, accepted ...int) (*http.Response, error) {
	asked := c.inScheme(repo)
	response, err := c.try(ctx, asked, path, header, accepted)
	if err != nil && asked.Scheme() == "https" && c.permitsPlain(repo.RegistryStr()) && !isAnswer(err) {
		c.forget(repo)
		again, plainErr := c.try(ctx, withoutTLS(repo), path, header, accepted)
		if plainErr == nil || isAnswer(plainErr) {
			c.hosts[repo.RegistryStr()].plain.Store(true)
			response, err = again, plainErr
		}
	}
	if err != nil {
		c.forget(repo)
		return nil, c.translate(err, repo)
	}
	return response, nil
}

// isAnswer tells an error that a registry gave from one of the way to it. Status 400 is what a server
// with TLS says to a request without.
func isAnswer(err error) bool {
	var status *transport.Error
	return errors.As(err, &status) && status.StatusCode != http.StatusBadRequest
}

// inScheme gives the repository as it is asked today.
func (c *Client) inScheme(repo name.Repository) name.Repository {
	if c.isPlain(repo.RegistryStr()) {
		return withoutTLS(repo)
	}
	return repo
}

func withoutTLS(repo name.Repository) name.Repository {
	plain, err := name.NewRepository(repo.Name(), name.Insecure)
	if err != nil {
		return repo // it was parsed before
	}
	return plain
}

func (c *Client) try(ctx context.Context, repo name.Repository, path string, header http.Header, accepted []int) (*http.Response, error) {
	rt, err := c.pull(ctx, repo)
	if err != nil {
		return nil, err
	}
	url := fmt.Sprintf("%s://%s/v2/%s/%s", repo.Scheme(), repo.RegistryStr(), repo.RepositoryStr(), path)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header = header
	response, err := (&http.Client{Transport: rt}).Do(request)
	if err != nil {
		return nil, err
	}
	if err := transport.CheckError(response, accepted...); err != nil {
		err = withRetryAfter(err, response)
		_ = response.Body.Close() // the error has its text
		return nil, err
	}
	return response, nil
}
