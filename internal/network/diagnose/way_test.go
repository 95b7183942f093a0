package diagnose

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const manifestType = "application/vnd.oci.image.manifest.v1+json"

// tokenRegistry is a registry that sends clients to its /token for their login. Till may read site/store,
// and nothing else.
func tokenRegistry(t *testing.T, storage string) *httptest.Server {
	t.Helper()
	blob := strings.Repeat("x", 100)
	config := "sha256:" + fmt.Sprintf("%x", sha(blob))
	manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":"a/b","size":100,"digest":%q},"layers":[]}`, manifestType, config)
	tokens := func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch scope := r.URL.Query().Get("scope"); {
		case user != "till" || password != "open sesame":
			w.WriteHeader(http.StatusUnauthorized)
		case scope != "repository:site/store:pull":
			fmt.Fprint(w, `{"token":"for nothing"}`)
		default:
			fmt.Fprint(w, `{"token":"for the store"}`)
		}
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch token := r.Header.Get("Authorization"); {
		case r.URL.Path == "/token":
			tokens(w, r)
		case r.Method == http.MethodHead || token == "":
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="https://%s/token",service="lab"`, r.Host))
			w.WriteHeader(http.StatusUnauthorized)
		case token != "Bearer for the store":
			w.WriteHeader(http.StatusForbidden)
		case strings.HasSuffix(r.URL.Path, "/manifests/1"):
			w.Header().Set("Content-Type", manifestType)
			fmt.Fprint(w, manifest)
		case strings.Contains(r.URL.Path, "/blobs/") && storage != "":
			http.Redirect(w, r, storage, http.StatusTemporaryRedirect)
		case strings.Contains(r.URL.Path, "/blobs/"):
			http.ServeContent(w, r, "blob", time.Time{}, strings.NewReader(blob))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// walkTo goes to a target on the loopback interface: no network is needed.
func walkTo(t *testing.T, server *httptest.Server, s Settings, text string) Way {
	t.Helper()
	target, err := ParseTarget(text, "argument")
	require.NoError(t, err)
	if server != nil {
		s.CACerts = []string{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))}
	}
	s.Root, s.Targets, s.UserAgent = t.TempDir(), []Target{target}, "stylet/test"
	return Run(t.Context(), s).Ways[0]
}

// summary is each hop's verdict and cause.
func summary(w Way) string {
	var list []string
	for _, f := range w.Findings {
		list = append(list, strings.TrimSuffix(strings.TrimPrefix(f.Code, "network.")+":"+string(f.Verdict)+" "+f.Cause, " "))
	}
	return strings.Join(list, ", ")
}

func TestTheTokenFlow(t *testing.T) {
	const before = "dns:skipped, connect:pass, tls:pass, clock:pass, "
	server := tokenRegistry(t, "")
	host := server.Listener.Addr().String()
	for name, c := range map[string]struct{ user, password, repository, want string }{
		"good":       {"till", "open sesame", "site/store:1", "registry:pass, range:pass"},
		"no login":   {"", "", "site/store:1", "registry:fail login-missing, range:skipped"},
		"wrong":      {"till", "wrong-password", "site/store:1", "registry:fail login-wrong, range:skipped"},
		"another":    {"till", "open sesame", "site/other:1", "registry:fail denied, range:skipped"},
		"not pushed": {"till", "open sesame", "site/store:2", "registry:fail not-found, range:skipped"},
	} {
		t.Run(name, func(t *testing.T) {
			registry := v1alpha1.Registry{Host: host, Username: c.user, Password: v1alpha1.Secret(c.password)}
			way := walkTo(t, server, Settings{Registries: []v1alpha1.Registry{registry}}, host+"/"+c.repository)
			assert.Equal(t, before+c.want, summary(way), "%+v", way.Findings[4])
			text, err := json.Marshal(way)
			require.NoError(t, err)
			assert.NotContains(t, string(text), "open sesame")
			assert.NotContains(t, string(text), "wrong-password")
			assert.NotContains(t, string(text), "for the store")
		})
	}
}

// skipTLSVerify is about the registry: storage that it sends on to is verified, and plain http is refused.
func TestWhatARegistrySendsOnToIsVerified(t *testing.T) {
	var asked atomic.Int32
	count := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	plain := httptest.NewServer(count)
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(count)
	t.Cleanup(secure.Close)
	for storage, cause := range map[string]string{plain.URL: "no-answer", secure.URL: "tls"} {
		server := tokenRegistry(t, storage)
		host := server.Listener.Addr().String()
		registry := v1alpha1.Registry{Host: host, Username: "till", Password: "open sesame", SkipTLSVerify: true}
		way := walkTo(t, nil, Settings{Registries: []v1alpha1.Registry{registry}}, host+"/site/store:1")
		last := way.Findings[len(way.Findings)-1]
		if last.Verdict == Skipped {
			last = way.Findings[len(way.Findings)-2]
		}
		assert.Equal(t, Fail, last.Verdict, summary(way))
		assert.Equal(t, cause, last.Cause, summary(way))
	}
	assert.Zero(t, asked.Load())
}

// A proxy in the middle of things that are no proxies.
func TestWhatAnswersInThePlaceOfAProxy(t *testing.T) {
	for name, c := range map[string]struct {
		answer, target, cause string
	}{
		"ssh":             {"SSH-2.0-OpenSSH_9.2\r\n", "registry.example.com", "not-a-proxy"},
		"web server":      {"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n", "registry.example.com", "not-a-proxy"},
		"NTLM":            {"HTTP/1.1 407 Login\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n", "registry.example.com", "proxy-login-scheme"},
		"NTLM and Basic":  {"HTTP/1.1 407 Login\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: basic realm=x\r\nContent-Length: 0\r\n\r\n", "registry.example.com", "proxy-login-wrong"},
		"busy":            {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "registry.example.com", "proxy-cannot-reach"},
		"plain forbidden": {"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "http://registry.example.com/a", "proxy-forbidden"},
		"plain through":   {"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "http://registry.example.com/a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := v1alpha1.Secret("http://till:wrong-password@" + say(t, c.answer))
			way := walkTo(t, nil, Settings{HTTPProxy: proxy, HTTPSProxy: proxy}, c.target)
			require.Equal(t, CodeProxy, way.Findings[1].Code)
			assert.Equal(t, c.cause, way.Findings[1].Cause)
			text, err := json.Marshal(way)
			require.NoError(t, err)
			assert.NotContains(t, string(text), "wrong-password")
		})
	}
}

// say answers every connection with the same text, after it has been spoken to.
func say(t *testing.T, text string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte(text))
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

func TestAProxyAddressThatCannotBeReadIsNotShown(t *testing.T) {
	target, err := ParseTarget("registry.example.com", "argument")
	require.NoError(t, err)
	report := Run(t.Context(), Settings{Root: t.TempDir(), Targets: []Target{target}, HTTPSProxy: "http://till:wrong-password@%zz"})
	text, err := json.Marshal(report)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"cause":"address"`)
	assert.NotContains(t, string(text), "wrong-password")
	assert.Equal(t, Fail, report.Verdict())
}

// When the time is up, no way looks as if it were fine.
func TestTimeIsBounded(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() }) // it accepts, and says nothing
	target, err := ParseTarget(listener.Addr().String(), "argument")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	report := Run(ctx, Settings{Root: t.TempDir(), Targets: []Target{target, target}})
	assert.Less(t, time.Since(began), 5*time.Second)
	assert.Equal(t, "dns:skipped, connect:pass, tls:fail tls-timeout, clock:skipped", summary(report.Ways[0]))
	assert.Equal(t, "dns:fail no-time, connect:skipped, tls:skipped, clock:skipped", summary(report.Ways[1]))
	assert.Equal(t, Fail, report.Verdict())
}

func TestProgressNamesEachHop(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	var steps []string
	s := Settings{Progress: func(step Step) { steps = append(steps, strings.TrimPrefix(step.Code, "network.")) }}
	way := walkTo(t, server, s, server.URL+"/missing")
	assert.Equal(t, "dns:skipped, connect:pass, tls:pass, clock:pass, url:fail not-found", summary(way))
	assert.Equal(t, "link dns connect tls clock url", strings.Join(steps, " "))
}
