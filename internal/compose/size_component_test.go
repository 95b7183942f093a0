//go:build component

package compose

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// shape draws a layer of one of the kinds that cost most beside their bytes.
func shape(t *rapid.T) []item {
	n := rapid.IntRange(1, 3000).Draw(t, "entries")
	long := strings.Repeat("n", 250-len("00000"))
	var items []item
	switch rapid.SampledFrom([]string{"dirs", "deep", "links", "names", "files", "small", "hard links", "xattrs", "large"}).Draw(t, "shape") {
	case "dirs":
		for i := range n {
			items = append(items, item{name: fmt.Sprintf("usr/%05d/", i)})
		}
	case "deep": // each file in a directory of its own that no entry describes
		for i := range n / 2 {
			items = append(items, item{name: fmt.Sprintf("usr/%05d/", i)}, item{name: fmt.Sprintf("usr/%05d/f", i), data: "x"})
		}
	case "links": // too long for the inode
		for i := range n {
			items = append(items, item{name: fmt.Sprintf("usr/%05d", i), link: strings.Repeat("l/", 200)})
		}
	case "names":
		for i := range n {
			items = append(items, item{name: fmt.Sprintf("usr/%05d%s", i, long)})
		}
	case "files": // one block more than the inode points at
		data := strings.Repeat("x", 13*blockBytes)
		for i := range n / 10 {
			items = append(items, item{name: fmt.Sprintf("usr/%05d%s", i, long), data: data})
		}
	case "small":
		for i := range n {
			items = append(items, item{name: fmt.Sprintf("usr/%05d", i), data: strings.Repeat("x", 1+i%blockBytes)})
		}
	case "hard links":
		items = append(items, item{name: "usr/file", data: "x"})
		for i := range n {
			items = append(items, item{name: fmt.Sprintf("usr/%05d", i), hard: "usr/file"})
		}
	case "xattrs": // of which each inode holds some
		for i := range n {
			items = append(items, item{name: fmt.Sprintf("usr/%05d", i), data: "x", pax: map[string]string{"SCHILY.xattr.security.capability": netRaw}})
		}
	case "large":
		items = append(items, item{name: "usr/large", data: strings.Repeat("x", rapid.IntRange(1, 150*mib).Draw(t, "bytes"))})
	}
	return items
}

// Requirement: A8
func TestImageOfThatSizeAlwaysHoldsTheContent(t *testing.T) {
	dir := t.TempDir()
	// Each check makes and mounts a file system: a hundred would take minutes.
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		require.NoError(t, checks.Value.Set("25"))
	}
	rapid.Check(t, func(r *rapid.T) {
		lf := layerOf(t, v1alpha1.LayerOS, "os", "gzip", shape(r))
		recipe := recipeFor(dir, []LayerFile{lf})
		recipe.AgentBytes = int64(rapid.IntRange(0, 20*mib).Draw(r, "agent"))
		root, err := durable.Open(filepath.Dir(recipe.Output))
		require.NoError(r, err)
		defer func() {
			require.NoError(r, removeLeftovers(context.Background(), root, recipe.MountDir))
			require.NoError(r, root.Close())
		}()
		// Not through Compose: these layers do not boot.
		c := &composition{Recipe: recipe, dir: root, name: "test.img"}
		require.NoError(r, c.findMountDir())
		_, err = c.makeFile(t.Context())
		require.NoError(r, err)
		require.NoError(r, mountImage(root.Path(c.partial()), c.MountDir))
		// The reserve is filled up first, so that it cannot hide that the rest is too small.
		require.NoError(r, os.WriteFile(filepath.Join(c.MountDir, "reserve"), make([]byte, reserveBytes-mib), 0o600))
		require.NoError(r, os.WriteFile(filepath.Join(c.MountDir, "stylet"), make([]byte, recipe.AgentBytes), 0o600))
		require.NoError(r, extractAsRoot(t, c.MountDir, lf))
		fd, err := unix.Open(c.MountDir, unix.O_RDONLY, 0)
		require.NoError(r, err)
		require.NoError(r, unix.Syncfs(fd))
		require.NoError(r, unix.Close(fd))
		require.NoError(r, unmount(t.Context(), c.MountDir))
		_, err = command.Local{}.Run(t.Context(), command.Spec{Name: "check", Argv: []string{"e2fsck", "-fn", root.Path(c.partial())}})
		require.NoError(r, err)
	})
}

func extractAsRoot(t *testing.T, dir string, lf LayerFile) error {
	t.Helper()
	tree, err := openTree(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, tree.close()) }()
	x := newExtractor(tree, kernel{})
	if err := extractLayer(t.Context(), x, lf, true, func(int) {}); err != nil {
		return err
	}
	return x.applyDirs()
}
