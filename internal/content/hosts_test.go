package content

import (
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// guardedRegistry holds a profile and wants a user's name and password.
func guardedRegistry(t *testing.T) (handler http.Handler, profile string) {
	t.Helper()
	registry := newTroubledRegistry(t)
	dir, source := writeProfile(t, 1000)
	_, err := Push(t.Context(), registry.client(), PushRequest{Profile: source, Dir: dir, Reference: registry.host() + "/site/store:1"})
	require.NoError(t, err)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "till" || password != "open sesame" {
			w.Header().Set("WWW-Authenticate", `Basic realm="store"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		registry.ServeHTTP(w, r)
	}), "/site/store:1"
}

func serve(t *testing.T, server *httptest.Server) (host, certificate string) {
	t.Helper()
	t.Cleanup(server.Close)
	if server.Certificate() != nil {
		certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	}
	return server.Listener.Addr().String(), certificate
}

// Requirement: A3, U3
func TestWhatTheSiteSaysOfARegistry(t *testing.T) {
	handler, profile := guardedRegistry(t)
	secure, certificate := serve(t, httptest.NewTLSServer(handler))
	plain, _ := serve(t, httptest.NewServer(handler))
	login := v1alpha1.Registry{Username: "till", Password: "open sesame"}
	for name, c := range map[string]struct {
		host  string
		setUp func(*v1alpha1.Registry)
		code  string // of the error, "" for none
	}{
		"authority and login":        {secure, func(r *v1alpha1.Registry) { r.CACerts = []string{certificate} }, ""},
		"no authority":               {secure, func(*v1alpha1.Registry) {}, "registry.tls"},
		"not verified":               {secure, func(r *v1alpha1.Registry) { r.SkipTLSVerify = true }, ""},
		"wrong password":             {secure, func(r *v1alpha1.Registry) { r.SkipTLSVerify, r.Password = true, "x" }, "registry.denied"},
		"no login":                   {secure, func(r *v1alpha1.Registry) { r.SkipTLSVerify, r.Username, r.Password = true, "", "" }, "registry.denied"},
		"plain":                      {plain, func(r *v1alpha1.Registry) { r.PlainHTTP = true }, ""},
		"plain is not permitted":     {plain, func(r *v1alpha1.Registry) { r.SkipTLSVerify = true }, "registry.plain-http"},
		"insecure, and it has TLS":   {secure, func(r *v1alpha1.Registry) { r.PlainHTTP, r.SkipTLSVerify = true, true }, ""},
		"insecure, and it has none":  {plain, func(r *v1alpha1.Registry) { r.PlainHTTP, r.SkipTLSVerify = true, true }, ""},
		"another registry's account": {plain, func(r *v1alpha1.Registry) { r.Host = "other.example" }, "registry.plain-http"},
	} {
		t.Run(name, func(t *testing.T) {
			r := login
			r.Host = c.host
			c.setUp(&r)
			client := NewClient(Options{Registries: []v1alpha1.Registry{r}})
			for range 2 { // what was learnt at the first time holds at the second
				resolved, err := client.Resolve(t.Context(), c.host+profile)
				if c.code != "" {
					require.Equal(t, c.code, fault.CodeOf(err), "%v", err)
					assert.NotContains(t, fault.Text(err), "sesame")
					return
				}
				require.NoError(t, err)
				_, err = client.LayerSource(t.Context(), resolved.Reference, resolved.Profile.Spec.Layers[0])
				require.NoError(t, err)
			}
		})
	}
}

// onceDeaf closes the first connection, as a registry does that restarts.
type onceDeaf struct {
	net.Listener
	woken atomic.Bool
}

func (l *onceDeaf) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil && !l.woken.Swap(true) {
		_ = conn.Close()
		return l.Listener.Accept()
	}
	return conn, err
}

// A server with TLS answers a request without by status 400: that is no reason to go on without TLS.
func TestARegistryThatFailedOnceKeepsItsTLS(t *testing.T) {
	handler, profile := guardedRegistry(t)
	server := httptest.NewUnstartedServer(handler)
	server.Listener = &onceDeaf{Listener: server.Listener}
	server.StartTLS()
	host, _ := serve(t, server)
	client := NewClient(Options{Registries: []v1alpha1.Registry{{
		Host: host, PlainHTTP: true, SkipTLSVerify: true, Username: "till", Password: "open sesame",
	}}})
	_, err := client.Resolve(t.Context(), host+profile)
	require.Error(t, err)
	_, err = client.Resolve(t.Context(), host+profile)
	require.NoError(t, err)
}

// Requirement: A3, U3
func TestReferencesAreMapped(t *testing.T) {
	handler, profile := guardedRegistry(t)
	mirror, _ := serve(t, httptest.NewServer(handler))
	client := NewClient(Options{
		Registries: []v1alpha1.Registry{{Host: mirror, PlainHTTP: true, Username: "till", Password: "open sesame"}},
		Mapping:    map[string]string{"registry.example": "unused.example", "registry.example/far": mirror + "/site", "site/": "wrong.example/"},
	})
	for from, want := range map[string]string{
		"registry.example/farther/store:1": "unused.example/farther/store:1",
		"registry.example:5000/far/a:1":    "unused.example:5000/far/a:1",
		"registry.example.org/far/a:1":     "registry.example.org/far/a:1",
		"registry.example/far/store:1":     mirror + "/site/store:1",
		"registry.example/near/a:1":        "unused.example/near/a:1",
		"other.example/site/a:1":           "other.example/site/a:1",
	} {
		assert.Equal(t, want, Mapped(from, client.mapping))
	}
	resolved, err := client.Resolve(t.Context(), "registry.example/far/store:1")
	require.NoError(t, err, profile)
	assert.True(t, strings.HasPrefix(resolved.Reference, "registry.example/far/store@"), "it stays what was asked for: %s", resolved.Reference)
	// A layer stands beside the profile; a mirror has it where the rule sends both.
	layer := resolved.Profile.Spec.Layers[0]
	layer.Image = strings.Replace(layer.Image, "/site/", "/far/", 1)
	layered, err := client.LayerSource(t.Context(), resolved.Reference, layer)
	require.NoError(t, err)
	store := newStore(t, t.TempDir())
	require.NoError(t, store.Ensure(t.Context(), DescriptorOf(layer), layered, nil))
}

func TestDockersRegistryHasTwoNames(t *testing.T) {
	client := NewClient(Options{Registries: []v1alpha1.Registry{{Host: "docker.io", PlainHTTP: true}}})
	assert.True(t, client.isPlain("index.docker.io"))
}
