package site

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// webServer serves texts by path; HOST in a text is its own address.
func webServer(t *testing.T, texts map[string]string) (address string, asked *[]string) {
	t.Helper()
	asked = new([]string)
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.String())
		if user, password, ok := r.BasicAuth(); ok {
			*asked = append(*asked, user+":"+password)
		}
		switch to, redirected := strings.CutPrefix(texts[r.URL.Path], "-> "); {
		case redirected:
			http.Redirect(w, r, to, http.StatusFound)
		case texts[r.URL.Path] == "":
			http.NotFound(w, r)
		default:
			_, _ = w.Write([]byte(strings.ReplaceAll(texts[r.URL.Path], "HOST", server.URL))) // the reader counts
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func readFrom(t *testing.T, address string) (Reading, error) {
	t.Helper()
	return Read(t.Context(), []Source{sourceOf(SourceMedium, "stylet: {logLevel: warn}\nhostname: a\nconfig_url: '"+address+"'\n")}, HTTPFetch(http.DefaultClient))
}

// What config_url leads to is the strongest source, and part of the Document, which no longer needs it.
//
// Requirement: U3
func TestConfigURLIsFollowed(t *testing.T) {
	t.Parallel()
	server, asked := webServer(t, map[string]string{
		"/one": "#cloud-config\nconfig_url: HOST/two\nhostname: b\nstylet: {logLevel: info}\n",
		"/two": "-> /three", "/three": "#cloud-config\nhostname: c\n",
	})
	read, err := readFrom(t, strings.Replace(server, "http://", "http://user:hunter2@", 1)+"/one?token=hunter3")
	require.NoError(t, err)
	assert.Equal(t, []string{"/one?token=hunter3", "user:hunter2", "/two", "/three"}, *asked)
	assert.Equal(t, "#cloud-config\nstylet:\n  logLevel: info\nhostname: c\n", string(read.Document))
	assert.Equal(t, server+"/one:4:20", read.Origins["stylet.logLevel"])
	assert.Equal(t, server+"/two:2:11", read.Origins["hostname"])
	assert.NotContains(t, read.Warnings.Error(), "hunter")
}

func TestConfigURLWithoutFetch(t *testing.T) {
	t.Parallel()
	source := sourceOf(SourceMedium, "config_url: http://site.example/x\n")
	read, err := Read(t.Context(), []Source{source}, nil)
	require.NoError(t, err)
	require.Len(t, read.Warnings, 1)
	assert.Contains(t, read.Warnings[0].String(), "boot medium/a.yaml:2:13: warning: config_url: it was not followed")
	assert.Contains(t, string(read.Document), "config_url: http://site.example/x")
}

// A fetch that fails is told: which address, why, and what to do. Never silence, and no secret.
//
// Requirement: U3
func TestConfigURLThatFails(t *testing.T) {
	t.Parallel()
	server, asked := webServer(t, map[string]string{
		"/page": "<html>hello</html>", "/loop": "#cloud-config\nconfig_url: HOST/loop\n",
		"/1": "#cloud-config\nconfig_url: HOST/2\n", "/2": "#cloud-config\nconfig_url: HOST/3\n",
		"/3": "#cloud-config\nconfig_url: HOST/4\n", "/4": "#cloud-config\n",
		"/round": "-> /round", "/broken": "#cloud-config\nstylet: {logLevel: loud}\n", "/bad": "#cloud-config\na: [\n",
		"/big": "#cloud-config\n#" + strings.Repeat("x", v1alpha1.MaxDocumentBytes),
	})
	for path, want := range map[string]string{
		"/page":   server + "/page:1: the first line is not #cloud-config",
		"/loop":   "config_url: it leads back to " + server + "/loop, which was fetched already",
		"/1":      "it is one more than the 3 that may follow one another",
		"/broken": server + `/broken:2:20: stylet.logLevel: "loud" is not known here`,
		"/bad":    "not YAML",
		"/big":    "the file has more than the 1048576 bytes allowed",
	} {
		_, err := readFrom(t, server+path)
		assert.Contains(t, strings.Join(problems(t, err), "\n"), want)
	}
	for address, want := range map[string]string{
		server + "/gone?token=hunter2":             "the server answers 404 Not Found",
		server + "/round":                          "more than 3 redirects",
		"http://user:hunter2@127.0.0.1:1/x?hunter": "connection refused",
	} {
		_, err := readFrom(t, address)
		require.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "(named at boot medium/a.yaml:4:13)")
		assert.NotContains(t, err.Error(), "hunter")
		assert.Equal(t, fault.Retry, fault.KindOf(err))
		assert.Equal(t, "site.config-url", fault.CodeOf(err))
	}
	*asked = nil
	for address, want := range map[string]string{
		"ftp://site.example/x": "neither http:// nor https://", "http:///x": "names no host",
		"http://site.example/{{ .Values.x }}": "templates are not supported", "http://u:hunter2@[x": "it is not an address",
	} {
		_, err := readFrom(t, address)
		got := strings.Join(problems(t, err), "\n")
		assert.Contains(t, got, want)
		assert.NotContains(t, got, "hunter2")
	}
	_, err := Read(t.Context(), []Source{sourceOf(SourceMedium, "config_url: [a]\n")}, HTTPFetch(http.DefaultClient))
	assert.Contains(t, problems(t, err)[0], "it is no text")
	_, err = Read(t.Context(), []Source{sourceOf(SourceMedium, "config_url: "+server+"/1\nstylet: {logLevel: loud}\n")}, HTTPFetch(http.DefaultClient))
	require.Error(t, err)
	assert.Empty(t, *asked, "nothing is fetched for files that are wrong")
}

// A server that never answers ends in an error in a bounded time.
func TestConfigURLThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		_, err := HTTPFetch(&hang)(t.Context(), "http://site.example/x")
		require.ErrorContains(t, err, "deadline exceeded")
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The site's own authorities are the client's affair, and a way from https to http is refused.
func TestConfigURLOverTLS(t *testing.T) {
	t.Parallel()
	plain, _ := webServer(t, map[string]string{"/x": "#cloud-config\n"})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Redirect(w, r, plain+"/x", http.StatusFound)
			return
		}
		_, _ = w.Write([]byte("#cloud-config\n")) // the reader counts
	}))
	defer server.Close()
	_, err := HTTPFetch(http.DefaultClient)(t.Context(), server.URL)
	require.ErrorContains(t, err, "certificate")
	data, err := HTTPFetch(server.Client())(t.Context(), server.URL)
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(data, []byte(header)))
	_, err = HTTPFetch(server.Client())(t.Context(), server.URL+"/down")
	require.ErrorContains(t, err, "redirected from https to http")
}
