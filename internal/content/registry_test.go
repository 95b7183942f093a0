package content

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// troubledRegistry is a registry behind a proxy that misbehaves as it is told.
type troubledRegistry struct {
	*httptest.Server

	inner http.Handler

	mu       sync.Mutex
	troubles []trouble        // for the next requests of blobs, one each; nil is none
	served   map[string]int64 // bytes of blobs sent, by digest
	puts     []string         // what was uploaded
}

// trouble answers a request in its own way, or passes it on.
type trouble func(w http.ResponseWriter, r *http.Request, inner http.Handler)

func newTroubledRegistry(t tester) *troubledRegistry {
	t.Helper()
	r := &troubledRegistry{inner: registry.New(registry.Logger(log.New(io.Discard, "", 0))), served: map[string]int64{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *troubledRegistry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodPut || request.Method == http.MethodPatch {
		r.mu.Lock()
		r.puts = append(r.puts, request.Method+" "+request.URL.Path)
		r.mu.Unlock()
	}
	_, digest, isBlob := strings.Cut(request.URL.Path, "/blobs/sha256:")
	if !isBlob || request.Method != http.MethodGet {
		r.inner.ServeHTTP(w, request)
		return
	}
	counted := &countedWriter{ResponseWriter: w, count: func(n int) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.served["sha256:"+digest] += int64(n)
	}}
	if next := r.nextTrouble(); next != nil {
		next(counted, request, r.inner)
		return
	}
	r.inner.ServeHTTP(counted, request)
}

func (r *troubledRegistry) nextTrouble() trouble {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.troubles) == 0 {
		return nil
	}
	next := r.troubles[0]
	r.troubles = r.troubles[1:]
	return next
}

func (r *troubledRegistry) expect(troubles ...trouble) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.troubles = troubles
}

func (r *troubledRegistry) servedOf(digest v1alpha1.Digest) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.served[string(digest)]
}

func (r *troubledRegistry) host() string { return r.Listener.Addr().String() }

func (r *troubledRegistry) client() *Client {
	return NewClient(Options{UserAgent: "stylet/test", Registries: []v1alpha1.Registry{{Host: r.host(), PlainHTTP: true}}})
}

type countedWriter struct {
	http.ResponseWriter

	count func(n int)
	limit int64 // breaks the connection after so many bytes, if positive
	sent  int64
}

func (w *countedWriter) Write(data []byte) (int, error) {
	if w.limit > 0 && w.sent+int64(len(data)) > w.limit {
		data = data[:w.limit-w.sent]
		n, _ := w.ResponseWriter.Write(data)
		w.count(n)
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to break a connection
	}
	n, err := w.ResponseWriter.Write(data)
	w.count(n)
	w.sent += int64(n)
	return n, err
}

// breakAfter breaks the connection after n bytes of the body.
func breakAfter(n int64) trouble {
	return func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if counted, ok := w.(*countedWriter); ok {
			counted.limit = max(1, n)
		}
		inner.ServeHTTP(w, r)
	}
}

func answer(status int, header ...string) trouble {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}
}

// ignoreRange answers 200 with the whole blob, as servers without ranges do.
func ignoreRange(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	r.Header.Del("Range")
	inner.ServeHTTP(w, r)
}

// wrongRange sends other bytes of the blob than were asked for, and says so.
func wrongRange(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	r.Header.Set("Range", "bytes=1-2")
	inner.ServeHTTP(w, r)
}

// wrongBytes sends the right number of wrong bytes.
func wrongBytes(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	recorded := httptest.NewRecorder()
	inner.ServeHTTP(recorded, r)
	body := recorded.Body.Bytes()
	body[len(body)/2] ^= 1
	for key, values := range recorded.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(recorded.Code)
	_, _ = w.Write(body)
}

// writeArchive makes a compressed tar with a file of random bytes and one of each other kind.
func writeArchive(t tester, path string, seed uint64, size int) {
	t.Helper()
	var plain bytes.Buffer
	archive := tar.NewWriter(&plain)
	for _, header := range []*tar.Header{
		{Typeflag: tar.TypeDir, Name: "usr/", Mode: 0o755},
		{Typeflag: tar.TypeReg, Name: "usr/data", Mode: 0o644, Size: int64(size)},
		{Typeflag: tar.TypeLink, Name: "usr/again", Linkname: "usr/data"},
		{Typeflag: tar.TypeSymlink, Name: "usr/see", Linkname: "data"},
		{Typeflag: tar.TypeReg, Name: "usr/empty", Mode: 0o644},
	} {
		require.NoError(t, archive.WriteHeader(header))
		if header.Size > 0 {
			_, err := archive.Write(someBytes(seed, size))
			require.NoError(t, err)
		}
	}
	require.NoError(t, archive.Close())
	var packed bytes.Buffer
	var compressor io.WriteCloser = gzip.NewWriter(&packed)
	if strings.HasSuffix(path, ".zst") {
		encoder, err := zstd.NewWriter(&packed)
		require.NoError(t, err)
		compressor = encoder
	}
	_, err := compressor.Write(plain.Bytes())
	require.NoError(t, err)
	require.NoError(t, compressor.Close())
	require.NoError(t, os.WriteFile(path, packed.Bytes(), 0o600))
}

const testProfile = `
apiVersion: stylet.dev/v1alpha1
kind: ClusterProfile
metadata: {name: store, version: 1.2.0}
spec:
  layers:
    - {kind: os, name: debian, archive: debian.tar.zst}
    - {kind: runtime, name: containerd, archive: containerd.tar.gz}
  agent: {name: stylet, archive: stylet.tar.zst}
  files: [{path: /etc/motd, content: "<store>"}]
  gates: [{name: containerd, command: [ctr, version]}]
`

// writeProfile makes the archives of testProfile in a directory of its own, the first of so many bytes.
func writeProfile(t *testing.T, size int) (dir string, profile v1alpha1.Profile) {
	t.Helper()
	dir = t.TempDir()
	writeArchive(t, filepath.Join(dir, "debian.tar.zst"), 11, size)
	writeArchive(t, filepath.Join(dir, "containerd.tar.gz"), 12, 5000)
	writeArchive(t, filepath.Join(dir, "stylet.tar.zst"), 13, 100)
	profile, err := v1alpha1.ParseProfile("test.yaml", []byte(testProfile))
	require.NoError(t, err)
	return dir, profile
}
