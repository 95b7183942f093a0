package compose

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func noise(t testing.TB, n int) string {
	t.Helper()
	data := make([]byte, n)
	_, err := rand.Read(data)
	require.NoError(t, err)
	return string(data)
}

func TestUnreadableLayersNameLayerAndPlace(t *testing.T) {
	items := []item{{name: "usr/a", data: noise(t, 3*mib)}, {name: "usr/b", data: noise(t, mib)}}
	plain := tarOf(t, items)
	damage := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 0xff
		return b
	}
	for name, blob := range map[string][]byte{
		"zstd cut off":     pack(t, "zstd", plain)[:2*mib],
		"gzip cut off":     pack(t, "gzip", plain)[:2*mib],
		"tar cut off":      pack(t, "zstd", plain[:2*mib]),
		"tar damaged":      pack(t, "gzip", damage(plain, 3*mib+512+100)),
		"zstd damaged":     damage(pack(t, "zstd", plain), 8),
		"gzip's checksum":  damage(pack(t, "gzip", plain), 3*mib),
		"not compressed":   plain,
		"one byte":         {0x28},
		"nothing":          {},
		"gzip of nothing":  {0x1f, 0x8b, 8, 0},
		"trailing garbage": append(pack(t, "zstd", plain[:len(plain)-1024]), "garbage"...),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := unpack(t, t.TempDir(), blobOf(t, v1alpha1.LayerOS, "os", blob, contentOf(items)))
			require.Equal(t, CodeRejected, fault.CodeOf(err), "%v", err)
			require.Equal(t, fault.Input, fault.KindOf(err))
			require.ErrorContains(t, err, "reading the layer os")
			require.ErrorContains(t, err, "at byte ")
		})
	}
}

func TestRottenBlobIsFetchedAnewAndNotRefused(t *testing.T) {
	items := []item{{name: "usr/a", data: noise(t, mib)}}
	for name, spoil := range map[string]func(path string) error{
		"cut":     func(p string) error { return os.Truncate(p, 1000) },
		"missing": os.Remove,
		"longer": func(p string) error {
			data, err := os.ReadFile(p)
			require.NoError(t, err)
			return os.WriteFile(p, append(data, 0), 0o600)
		},
		"other": func(p string) error { return os.WriteFile(p, pack(t, "zstd", tarOf(t, items[:0])), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			lf := layerOf(t, v1alpha1.LayerOS, "os", "gzip", items)
			require.NoError(t, spoil(lf.Path))
			_, err := unpack(t, t.TempDir(), lf)
			require.Equal(t, "compose.layer-damaged", fault.CodeOf(err), "%v", err)
			require.Equal(t, fault.Retry, fault.KindOf(err))
			require.ErrorContains(t, err, "the layer os")
		})
	}
}

func TestStreamEndsWithItsContext(t *testing.T) {
	lf := layerOf(t, v1alpha1.LayerOS, "os", "zstd", []item{{name: "usr/a", data: noise(t, 8*mib)}})
	ctx, cancel := context.WithCancel(context.Background())
	stream, err := openLayer(ctx, lf, func(int) { cancel() })
	require.NoError(t, err)
	defer stream.close()
	_, err = io.Copy(io.Discard, stream)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, stream.explain(err, 0), context.Canceled)
}

func TestReadAheadGivesAllBytesAndTheError(t *testing.T) {
	want := strings.Repeat("0123456789abcdef", 5*aheadBytes/16) + "end"
	for _, cause := range []error{io.EOF, io.ErrUnexpectedEOF} {
		r := startReadAhead(io.MultiReader(strings.NewReader(want), errReader{cause}))
		var got bytes.Buffer
		_, err := io.CopyBuffer(&got, struct{ io.Reader }{r}, make([]byte, 1000))
		if errors.Is(cause, io.EOF) {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, cause)
		}
		require.Equal(t, v1alpha1.DigestOf([]byte(want)), v1alpha1.DigestOf(got.Bytes()))
		r.stop()
	}
}
