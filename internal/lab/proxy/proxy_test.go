package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const content = "twenty bytes of text"

// world is a proxy in front of a host with TLS that serves ranges.
type world struct {
	proxy  *Proxy
	host   *httptest.Server
	client *http.Client
}

func start(t *testing.T, options Options, login *url.Userinfo) *world {
	t.Helper()
	host := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "content", time.Time{}, strings.NewReader(content))
	}))
	t.Cleanup(host.Close)
	options.Roots = x509.NewCertPool()
	options.Roots.AddCert(host.Certificate())
	p, err := Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	trusted := x509.NewCertPool()
	if options.Intercept {
		require.True(t, trusted.AppendCertsFromPEM([]byte(p.CAPEM())))
	} else {
		trusted.AddCert(host.Certificate())
	}
	transport := &http.Transport{
		Proxy:           http.ProxyURL(&url.URL{Scheme: "http", Host: p.Address(), User: login}),
		TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &world{p, host, &http.Client{Transport: transport, Timeout: 20 * time.Second}}
}

// get asks for the last bytes of the content.
func (w *world) get(t *testing.T, address string) (*http.Response, string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Range", "bytes=7-")
	response, err := w.client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body), nil
}

func TestATunnelIsLeftAlone(t *testing.T) {
	w := start(t, Options{User: "till", Password: "p:w", StripRange: true}, url.UserPassword("till", "p:w"))
	response, body, err := w.get(t, w.host.URL)
	require.NoError(t, err)
	assert.Equal(t, http.StatusPartialContent, response.StatusCode)
	assert.Equal(t, content[7:], body)
	assert.Equal(t, w.host.Certificate().Raw, response.TLS.PeerCertificates[0].Raw, "the host's own certificate")
	log := w.proxy.Log()
	require.Len(t, log, 1)
	assert.Greater(t, log[0].Bytes, int64(len(content)))
	log[0].Bytes = 0
	assert.Equal(t, Access{Method: "CONNECT", Host: w.host.Listener.Addr().String(), Authorized: true, Allowed: true}, log[0])
}

func TestAnInspectingProxyAnswersForTheHost(t *testing.T) {
	w := start(t, Options{Intercept: true, User: "till", Password: "pw"}, url.UserPassword("till", "pw"))
	response, body, err := w.get(t, w.host.URL)
	require.NoError(t, err)
	assert.Len(t, w.proxy.Log(), 1, "a request inside a tunnel is none of its own")
	assert.Equal(t, http.StatusPartialContent, response.StatusCode)
	assert.Equal(t, content[7:], body)
	assert.Equal(t, "CN="+AuthorityName, response.TLS.PeerCertificates[0].Issuer.String())
}

func TestRangesAreStripped(t *testing.T) {
	w := start(t, Options{Intercept: true, StripRange: true}, nil)
	response, body, err := w.get(t, w.host.URL)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, content, body)
}

func TestBodiesAreRewritten(t *testing.T) {
	w := start(t, Options{Intercept: true, Rewrite: bytes.ToUpper}, nil)
	_, body, err := w.get(t, w.host.URL)
	require.NoError(t, err)
	assert.Equal(t, strings.ToUpper(content[7:]), body)
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		options            Options
		login              *url.Userinfo
		status             string
		authorized, permit bool
	}{
		"no login":    {Options{User: "till", Password: "x"}, nil, "Proxy Authentication Required", false, true},
		"wrong login": {Options{User: "till", Password: "x"}, url.UserPassword("till", "y"), "Proxy Authentication Required", false, true},
		"not allowed": {Options{Allow: []string{"registry.example"}}, nil, "Forbidden", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, c.options, c.login)
			_, _, err := w.get(t, w.host.URL)
			require.ErrorContains(t, err, c.status)
			log := w.proxy.Log()
			require.Len(t, log, 1)
			assert.Equal(t, c.authorized, log[0].Authorized)
			assert.Equal(t, c.permit, log[0].Allowed)

			plain := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(plain.Close)
			response, _, err := w.get(t, plain.URL)
			require.NoError(t, err)
			assert.Contains(t, response.Status, c.status, "without TLS, the proxy's answer is seen")
			assert.Len(t, w.proxy.Log(), 2)
		})
	}
}

// Names of a virtual machine's world mean other addresses in the proxy's.
func TestDialMapsNames(t *testing.T) {
	var w *world
	w = start(t, Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		assert.Equal(t, "registry.example:5000", address)
		return (&net.Dialer{}).DialContext(ctx, network, w.host.Listener.Addr().String())
	}}, nil)
	w.client.Transport.(*http.Transport).TLSClientConfig.ServerName = "example.com"
	_, body, err := w.get(t, "https://registry.example:5000")
	require.NoError(t, err)
	assert.Equal(t, content[7:], body)
}

func TestTheProxyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, err := Start(ctx, Options{})
	require.NoError(t, err)
	conn, err := net.Dial("tcp", p.Address())
	require.NoError(t, err)
	defer conn.Close()
	cancel()
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)
	p.Close()
	_, err = net.Dial("tcp", p.Address())
	require.Error(t, err)
}
