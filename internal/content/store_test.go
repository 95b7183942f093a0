package content

import (
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func TestStoreMissingCountsWhatIsThere(t *testing.T) {
	store := newStore(t, t.TempDir())
	whole, half, none := someBytes(1, 1000), someBytes(2, 1000), someBytes(3, 1000)
	require.NoError(t, store.Ensure(t.Context(), descriptorOf(whole), &memorySource{data: whole}, nil))
	require.NoError(t, os.WriteFile(store.root.Path(partialName(descriptorOf(half).Digest)), half[:600], 0o600))
	all := []Descriptor{descriptorOf(whole), descriptorOf(half), descriptorOf(none), descriptorOf(none)}
	assert.Equal(t, int64(400+1000), store.Missing(all))
	assert.Zero(t, store.Missing(nil))
}

func TestStoreOpenOfNothing(t *testing.T) {
	store := newStore(t, t.TempDir())
	_, err := store.Open(v1alpha1.DigestOf(nil))
	requireFault(t, err, fault.Internal, "content.missing")
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.False(t, store.Has(v1alpha1.DigestOf(nil)))
	assert.False(t, store.Has(""))
}

func TestStoreCheckRoom(t *testing.T) {
	store := newStore(t, t.TempDir())
	require.NoError(t, store.CheckRoom(t.Context(), 1))
	err := store.CheckRoom(t.Context(), 1<<60)
	requireFault(t, err, fault.Wait, "content.no-room")
	assert.Contains(t, fault.Text(err), store.root.Path("content"))
	assert.Contains(t, fault.Text(err), "what to do: free some room")
}

func TestStoreGCKeepsWhatIsNamed(t *testing.T) {
	store := newStore(t, t.TempDir())
	kept, dropped, part, keptPart := someBytes(1, 1000), someBytes(2, 500), someBytes(3, 1000), someBytes(4, 1000)
	for _, data := range [][]byte{kept, dropped} {
		require.NoError(t, store.Ensure(t.Context(), descriptorOf(data), &memorySource{data: data}, nil))
	}
	for _, data := range [][]byte{part, keptPart} {
		require.NoError(t, os.WriteFile(store.root.Path(partialName(descriptorOf(data).Digest)), data[:250], 0o600))
	}
	freed, err := store.GC(map[v1alpha1.Digest]bool{descriptorOf(kept).Digest: true, descriptorOf(keptPart).Digest: true, descriptorOf(dropped).Digest: false})
	require.NoError(t, err)
	assert.Equal(t, int64(750), freed)
	assert.True(t, store.Has(descriptorOf(kept).Digest))
	assert.False(t, store.Has(descriptorOf(dropped).Digest))
	assert.NoFileExists(t, store.root.Path(partialName(descriptorOf(part).Digest)))
	assert.FileExists(t, store.root.Path(partialName(descriptorOf(keptPart).Digest)))
}
