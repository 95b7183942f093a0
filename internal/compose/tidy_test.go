package compose

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/durable"
)

func TestTidyKeepsWhatIsNamedOrInTheMaking(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"kept.img", "old.img"} {
		finished(t, filepath.Join(dir, name), []byte(name))
	}
	for _, name := range []string{"kept.img.partial", "old.img.partial", "unrecorded.img", "notes"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	keep := map[string]bool{"kept.img": true}

	root, err := durable.Open(dir)
	require.NoError(t, err)
	unlock, err := root.Lock(t.Context(), lockName) // as a Compose in another process holds it
	require.NoError(t, err)
	require.NoError(t, Tidy(t.Context(), dir, keep))
	require.Equal(t, []string{"compose.lock", "kept.img", "kept.img.json", "kept.img.partial", "notes", "old.img.partial"}, fileNames(t, dir))

	require.NoError(t, unlock())
	require.NoError(t, Tidy(t.Context(), dir, keep))
	require.Equal(t, []string{"compose.lock", "kept.img", "kept.img.json", "kept.img.partial", "notes"}, fileNames(t, dir))
	require.NoError(t, root.Close())
}

func fileNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var out []string
	for _, entry := range entries {
		out = append(out, entry.Name())
	}
	return out
}
