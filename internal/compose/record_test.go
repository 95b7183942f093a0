package compose

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// finished puts a file and the record of a finished image at path.
func finished(t *testing.T, path string, data []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, data, 0o600))
	sum, err := sumFile(context.Background(), path, func(int) {})
	require.NoError(t, err)
	dir, err := durable.Open(filepath.Dir(path))
	require.NoError(t, err)
	record := v1alpha1.ImageRecord{ID: v1alpha1.DigestOf([]byte("id")), Tree: v1alpha1.DigestOf([]byte("tree"))}
	require.NoError(t, dir.WriteJSON(sidecarName(filepath.Base(path)), sidecar{
		SchemaVersion: sidecarVersion, Size: int64(len(data)), Sum: sum, Record: record, Removed: []string{"os: /x"},
	}))
	require.NoError(t, dir.Close())
}

func TestVerifySeesEveryByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.img")
	data := []byte(noise(t, 2*sumChunk+1000))
	finished(t, path, data)
	image, err := Verify(context.Background(), path)
	require.NoError(t, err)
	require.Equal(t, Image{
		Path: path, Size: int64(len(data)), Tree: v1alpha1.DigestOf([]byte("tree")), Removed: []string{"os: /x"},
		Record: v1alpha1.ImageRecord{ID: v1alpha1.DigestOf([]byte("id")), Tree: v1alpha1.DigestOf([]byte("tree"))},
	}, image)

	for _, at := range []int{0, sumChunk - 1, sumChunk, len(data) - 1} {
		data[at] ^= 1
		require.NoError(t, os.WriteFile(path, data, 0o600))
		_, err := Verify(context.Background(), path)
		require.Equal(t, "compose.damaged", fault.CodeOf(err), "byte %d", at)
		require.Equal(t, fault.Retry, fault.KindOf(err))
		data[at] ^= 1
	}
	// A block that a power cut left unwritten, and two blocks in each other's place.
	swapped := append(append(append([]byte{}, data[sumChunk:2*sumChunk]...), data[:sumChunk]...), data[2*sumChunk:]...)
	require.NoError(t, os.WriteFile(path, swapped, 0o600))
	_, err = Verify(context.Background(), path)
	require.Equal(t, "compose.damaged", fault.CodeOf(err))

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Verify(ctx, path)
	require.ErrorIs(t, err, context.Canceled)
}

func TestUnfinishedImagesDoNotExist(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.img")
	_, err := Verify(context.Background(), path)
	require.ErrorIs(t, err, fs.ErrNotExist)

	finished(t, path, []byte("image"))
	require.NoError(t, os.Truncate(path, 3))
	_, err = Verify(context.Background(), path)
	require.ErrorIs(t, err, fs.ErrNotExist, "shorter than its record says")

	require.NoError(t, os.Remove(path))
	_, err = Verify(context.Background(), path)
	require.ErrorIs(t, err, fs.ErrNotExist, "record without an image")

	finished(t, path, []byte("image"))
	require.NoError(t, Discard(path))
	require.NoError(t, Discard(path), "a second time")
	require.Empty(t, names(t, filepath.Dir(path)))
}
