package content

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func TestResolveTranslatesErrors(t *testing.T) {
	registry := newTroubledRegistry(t)
	tls := httptest.NewTLSServer(registry)
	t.Cleanup(tls.Close)
	gone := httptest.NewServer(registry)
	gone.Close()
	failing := func(status int) *httptest.Server {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				w.WriteHeader(status)
			}
		}))
		t.Cleanup(server.Close)
		return server
	}
	host := func(server *httptest.Server) string { return server.Listener.Addr().String() }
	for name, test := range map[string]struct {
		host      string
		plain     bool
		reference string
		kind      fault.Kind
		code      string
		says      string
	}{
		"no registry named":   {"", true, "store:1", fault.Input, "registry.reference", "REGISTRY/REPOSITORY"},
		"nobody there":        {host(gone), true, "/store:1", fault.Retry, "registry.unreachable", host(gone)},
		"nobody there, TLS":   {host(gone), false, "/store:1", fault.Retry, "registry.unreachable", host(gone)},
		"plain not permitted": {registry.host(), false, "/store:1", fault.Refused, "registry.plain-http", "stylet.registries[]"},
		"unknown issuer":      {host(tls), false, "/store:1", fault.Input, "registry.tls", `issued by "O=Acme Co"`},
		"unknown repository":  {registry.host(), true, "/store:1", fault.Input, "registry.not-found", "does not have it in store"},
		"forbidden":           {host(failing(http.StatusForbidden)), true, "/store:1", fault.Input, "registry.denied", "denies access to store"},
		"unauthorized":        {host(failing(http.StatusUnauthorized)), true, "/store:1", fault.Input, "registry.denied", "denies access to store"},
		"busy":                {host(failing(http.StatusTooManyRequests)), true, "/store:1", fault.Retry, "registry.busy", "asks to wait"},
		"broken":              {host(failing(http.StatusBadGateway)), true, "/store:1", fault.Retry, "registry.failing", "fails"},
		"no registry at all":  {host(failing(http.StatusTeapot)), true, "/store:1", fault.Input, "registry.unexpected", "418"},
	} {
		t.Run(name, func(t *testing.T) {
			client := NewClient(Options{Registries: []v1alpha1.Registry{{Host: test.host, PlainHTTP: test.plain}}})
			_, err := client.Resolve(t.Context(), test.host+test.reference)
			requireFault(t, err, test.kind, test.code)
			assert.Contains(t, fault.Text(err), test.says)
		})
	}
}

type failingTransport struct{ err error }

func (f failingTransport) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestResolveNamesTheHostThatHasNoAddress(t *testing.T) {
	client := NewClient(Options{Transport: failingTransport{&net.DNSError{Err: "no such host", Name: "registry.test", IsNotFound: true}}})
	_, err := client.Resolve(t.Context(), "registry.test/store:1")
	requireFault(t, err, fault.Retry, "registry.unreachable")
	require.ErrorContains(t, err, "the name of the registry registry.test cannot be resolved")
}

func TestRedirectToPlainHTTPIsRefused(t *testing.T) {
	registry := newTroubledRegistry(t)
	dir, profile := writeProfile(t, 1000)
	_, err := Push(t.Context(), registry.client(), PushRequest{Profile: profile, Dir: dir, Reference: registry.host() + "/store:1"})
	require.NoError(t, err)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blobs/") {
			http.Redirect(w, r, registry.URL+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		registry.ServeHTTP(w, r)
	}))
	t.Cleanup(secure.Close)
	client := NewClient(Options{Transport: secure.Client().Transport})
	_, err = client.Resolve(t.Context(), secure.Listener.Addr().String()+"/store:1")
	requireFault(t, err, fault.Refused, "registry.plain-http")
	require.ErrorContains(t, err, registry.host())
}

func TestTokenDance(t *testing.T) {
	registry := newTroubledRegistry(t)
	dir, profile := writeProfile(t, 1000)
	_, err := Push(t.Context(), registry.client(), PushRequest{Profile: profile, Dir: dir, Reference: registry.host() + "/store:1"})
	require.NoError(t, err)
	tokens := 0
	var guarded *httptest.Server
	guarded = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/token":
			tokens++
			assert.Equal(t, "repository:store:pull", r.URL.Query().Get("scope"))
			_, _ = io.WriteString(w, `{"token":"open-sesame"}`)
		case r.Header.Get("Authorization") != "Bearer open-sesame":
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+guarded.URL+`/token",service="test"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			assert.True(t, strings.HasPrefix(r.UserAgent(), "stylet/test "), r.UserAgent())
			registry.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(guarded.Close)
	host := guarded.Listener.Addr().String()
	client := NewClient(Options{UserAgent: "stylet/test", Registries: []v1alpha1.Registry{{Host: host, PlainHTTP: true}}})
	for range 3 {
		_, err = client.Resolve(t.Context(), host+"/store:1")
		require.NoError(t, err)
	}
	assert.Equal(t, 1, tokens, "one token serves all requests")
}

func TestResolveRefusesWhatIsNotAProfile(t *testing.T) {
	registry := newTroubledRegistry(t)
	dir, profile := writeProfile(t, 1000)
	pushed, err := Push(t.Context(), registry.client(), PushRequest{Profile: profile, Dir: dir, Reference: registry.host() + "/store:1"})
	require.NoError(t, err)

	_, err = registry.client().Resolve(t.Context(), registry.host()+pushed.Profile.Spec.Layers[0].Image)
	requireFault(t, err, fault.Input, "registry.not-ours")
	require.ErrorContains(t, err, `the artifact type is "application/vnd.stylet.layer.v1"`)

	registry.expect(wrongBytes)
	_, err = registry.client().Resolve(t.Context(), registry.host()+"/store:1")
	requireFault(t, err, fault.Input, "content.corrupt")

	registry.expect(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		_, _ = w.Write(make([]byte, v1alpha1.MaxProfileBytes+1))
	})
	_, err = registry.client().Resolve(t.Context(), registry.host()+"/store:1")
	requireFault(t, err, fault.Input, "registry.too-big")
}

func TestResolveRefusesOtherManifestThanPinned(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			_, _ = io.WriteString(w, `{}`)
		}
	}))
	t.Cleanup(server.Close)
	host := server.Listener.Addr().String()
	client := NewClient(Options{Registries: []v1alpha1.Registry{{Host: host, PlainHTTP: true}}})
	_, err := client.Resolve(t.Context(), host+"/store@sha256:"+strings.Repeat("1", 64))
	requireFault(t, err, fault.Input, "content.corrupt")
}

func TestLayerSource(t *testing.T) {
	registry := newTroubledRegistry(t)
	dir, profile := writeProfile(t, 1000)
	reference := registry.host() + "/site/store:1"
	pushed, err := Push(t.Context(), registry.client(), PushRequest{Profile: profile, Dir: dir, Reference: reference})
	require.NoError(t, err)
	layer := pushed.Profile.Spec.Layers[0]

	src, err := registry.client().LayerSource(t.Context(), reference, layer)
	require.NoError(t, err)
	assert.Equal(t, "layer debian from "+registry.host(), src.Name())
	elsewhere := layer
	elsewhere.Image = registry.host() + layer.Image
	_, err = registry.client().LayerSource(t.Context(), "unused.test/x:1", elsewhere)
	require.NoError(t, err)

	lying := layer
	lying.Content = &v1alpha1.LayerContent{Digest: layer.Content.Digest, Size: layer.Content.Size + 1}
	_, err = registry.client().LayerSource(t.Context(), reference, lying)
	requireFault(t, err, fault.Input, "profile.layer-mismatch")
	tagged := layer
	tagged.Image = "/site/store/debian:latest"
	_, err = registry.client().LayerSource(t.Context(), reference, tagged)
	requireFault(t, err, fault.Input, "registry.reference")
	missing := layer
	missing.Image = "/site/store/debian@sha256:" + strings.Repeat("3", 64)
	_, err = registry.client().LayerSource(t.Context(), reference, missing)
	requireFault(t, err, fault.Input, "registry.not-found")
}

func FuzzParseArtifact(f *testing.F) {
	blob := descriptorOf([]byte("x"))
	good, err := newArtifact(LayerArtifact, LayerZstd, blob)
	require.NoError(f, err)
	f.Add(good.raw)
	f.Add([]byte(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}`))
	f.Add([]byte(`{"layers":[{"digest":"sha512:00"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := parseArtifact(raw, "it", LayerArtifact, LayerZstd, LayerGzip)
		if err != nil {
			var f *fault.Error
			require.True(t, errors.As(err, &f) && f.Code == "registry.not-ours", "%v", err)
			return
		}
		_, err = v1alpha1.ParseDigest(string(got.Digest))
		require.NoError(t, err)
		require.Positive(t, got.Size)
		var manifest v1.Manifest
		require.NoError(t, json.Unmarshal(raw, &manifest))
		require.Equal(t, LayerArtifact, manifest.ArtifactType)
	})
}
