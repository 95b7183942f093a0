package registry

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

func TestBlobBytesCountsBodiesOfBlobsOnly(t *testing.T) {
	var log accessLog
	text := `127.0.0.1 - - [23/Nov/2026:02:55:00 +0000] "GET /v2/site/os/blobs/` + digest + ` HTTP/1.1" 206 4096 "" "stylet/dev"
127.0.0.1 - - [23/Nov/2026:02:55:01 +0000] "HEAD /v2/site/os/blobs/` + digest + ` HTTP/1.1" 200 0 "" "stylet/dev"
time="2026-11-23T02:55:01Z" level=warning msg="something else"
127.0.0.1 - - [23/Nov/2026:02:55:02 +0000] "GET /v2/site/os/manifests/` + digest + ` HTTP/1.1" 200 700 "" "stylet/dev"
127.0.0.1 - - [23/Nov/2026:02:55:03 +0000] "GET /v2/site/os/blobs/` + digest + ` HTTP/1.1" 206 100 "" "stylet/dev"
`
	// In two pieces that cut a line.
	for _, piece := range []string{text[:150], text[150:]} {
		_, err := log.Write([]byte(piece))
		require.NoError(t, err)
	}
	require.Len(t, log.since(0), 4)
	require.Equal(t, map[string]int64{digest: 4196}, BlobBytes(log.since(0)))
	require.Equal(t, map[string]int64{digest: 100}, BlobBytes(log.since(1)))
	require.Empty(t, log.since(99))
}

func TestReadsAreAllThatIsAskedForOfTheLayers(t *testing.T) {
	var log accessLog
	_, err := log.Write([]byte(`127.0.0.1 - - [23/Nov/2026:02:55:00 +0000] "GET /v2/site/store/os/blobs/` + digest + ` HTTP/1.1" 404 70 "" "stylet/dev"
127.0.0.1 - - [23/Nov/2026:02:55:01 +0000] "HEAD /v2/site/store/os/blobs/` + digest + ` HTTP/1.1" 200 0 "" "stylet/dev"
127.0.0.1 - - [23/Nov/2026:02:55:02 +0000] "GET /v2/site/store/os/manifests/` + digest + ` HTTP/1.1" 200 0 "" "stylet/dev"
127.0.0.1 - - [23/Nov/2026:02:55:03 +0000] "GET /v2/site/store/blobs/` + digest + ` HTTP/1.1" 200 100 "" "stylet/dev"
127.0.0.1 - - [23/Nov/2026:02:55:03 +0000] "GET /v2/site/store/manifests/stable HTTP/1.1" 200 100 "" "stylet/dev"
127.0.0.1 - - [23/Nov/2026:02:55:03 +0000] "PUT /v2/site/store/os/manifests/` + digest + ` HTTP/1.1" 201 0 "" "stylet/dev"
`))
	require.NoError(t, err)
	reads := Reads(log.since(0), "site/store")
	require.Len(t, reads, 2)
	require.Equal(t, "blobs", reads[0].Kind)
	require.Equal(t, "manifests", reads[1].Kind)
}

func FuzzParseAccess(f *testing.F) {
	f.Add(`127.0.0.1 - - [23/Nov/2026:02:55:00 +0000] "GET /v2/a/b/blobs/` + digest + `?x=1 HTTP/1.1" 206 4096 "" "stylet/dev"`)
	f.Add(`127.0.0.1 - - [x] "PUT / HTTP/1.1" 999 99999999999999999999`)
	f.Fuzz(func(t *testing.T, line string) {
		a, ok := parseAccess(line)
		if !ok {
			require.Zero(t, a)
			return
		}
		require.GreaterOrEqual(t, a.Bytes, int64(0))
		require.True(t, a.Digest == "" || strings.HasPrefix(a.Digest, "sha256:"))
	})
}
