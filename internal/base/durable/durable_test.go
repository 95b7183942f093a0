package durable

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

func open(t *testing.T) *Root {
	t.Helper()
	root, err := Open(filepath.Join(t.TempDir(), "state"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, root.Close()) })
	return root
}

func TestWriteFileReplaces(t *testing.T) {
	root := open(t)
	require.NoError(t, root.WriteFile("a/b/c", []byte("one"), 0o600))
	require.NoError(t, root.WriteFile("a/b/c", []byte("two"), 0o640))
	data, err := root.ReadFile("a/b/c")
	require.NoError(t, err)
	require.Equal(t, "two", string(data))
	info, err := root.Stat("a/b/c")
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o640), info.Mode().Perm())
	entries, err := root.ReadDir("a/b")
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")
	info, err = root.Stat("a")
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
}

func TestNothingLeavesTheRoot(t *testing.T) {
	root := open(t)
	outside := filepath.Join(filepath.Dir(root.Path(".")), "outside")
	require.NoError(t, os.Mkdir(outside, 0o700))
	require.NoError(t, os.Symlink(outside, root.Path("link")))
	for _, name := range []string{"../outside/x", "link/x", "/etc/x"} {
		require.Error(t, root.WriteFile(name, []byte("x"), 0o600), name)
		require.Error(t, root.Append(name, []byte("x"), 0o600), name)
	}
	entries, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestReadJSONKeepsWhatItCannotRead(t *testing.T) {
	root := open(t)
	require.NoError(t, root.WriteFile("x.json", []byte("{"), 0o600))
	var v map[string]string
	err := root.ReadJSON("x.json", &v)
	require.Equal(t, "state.damaged", fault.CodeOf(err))
	require.ErrorContains(t, err, root.Path("x.json"))
	data, err := root.ReadFile("x.json")
	require.NoError(t, err)
	require.Equal(t, "{", string(data))
	require.ErrorIs(t, root.ReadJSON("none.json", &v), fs.ErrNotExist)
	require.NoError(t, root.WriteJSON("y.json", map[string]string{"a": "b"}))
	require.NoError(t, root.ReadJSON("y.json", &v))
	require.Equal(t, "b", v["a"])
}

// What GRUB reads must keep its blocks: same inode, same length.
func TestOverwriteInPlaceKeepsTheFile(t *testing.T) {
	root := open(t)
	require.NoError(t, root.WriteFile("env", []byte("0123456789"), 0o600))
	before, err := root.Stat("env")
	require.NoError(t, err)
	require.NoError(t, OverwriteInPlace(root.Path("env"), []byte("abcdefghij")))
	after, err := root.Stat("env")
	require.NoError(t, err)
	require.True(t, os.SameFile(before, after))
	data, err := root.ReadFile("env")
	require.NoError(t, err)
	require.Equal(t, "abcdefghij", string(data))
	require.ErrorContains(t, OverwriteInPlace(root.Path("env"), []byte("short")), "10 bytes, not 5")
	require.ErrorIs(t, OverwriteInPlace(root.Path("none"), nil), fs.ErrNotExist)
	require.NoError(t, os.Symlink("env", root.Path("link")))
	require.Error(t, OverwriteInPlace(root.Path("link"), []byte("abcdefghij")), "a link is not followed")
}

func TestLockIsExclusive(t *testing.T) {
	root := open(t)
	unlock, err := root.Lock(t.Context(), "l")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = root.Lock(ctx, "l")
	require.Equal(t, fault.Retry, fault.KindOf(err))
	require.NoError(t, unlock())
	unlock, err = root.Lock(t.Context(), "l")
	require.NoError(t, err)
	require.NoError(t, unlock())
}

func TestAppendAndRemove(t *testing.T) {
	root := open(t)
	require.NoError(t, root.Append("log", []byte("a\n"), 0o600))
	require.NoError(t, root.Append("log", []byte("b\n"), 0o600))
	data, err := root.ReadFile("log")
	require.NoError(t, err)
	require.Equal(t, "a\nb\n", string(data))
	require.NoError(t, root.RemoveAll("log"))
	require.NoError(t, root.RemoveAll("log"), "nothing to remove is no error")
	require.NoError(t, root.RemoveAll("none/at/all"))
	require.NoError(t, SyncFS(root.Path(".")))
	free, err := Free(root.Path("."))
	require.NoError(t, err)
	require.Positive(t, free)
}
