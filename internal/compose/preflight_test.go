package compose

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func preflightOf(t *testing.T, items []item) string {
	t.Helper()
	root := t.TempDir()
	_, err := unpack(t, root, osLayerOf(t, items...))
	require.NoError(t, err)
	tree, err := openTree(root)
	require.NoError(t, err)
	defer func() { require.NoError(t, tree.close()) }()
	if err := rejected(preflight(tree, "debian", "amd64")); err != nil {
		return err.Error()
	}
	return ""
}

func TestPreflightNamesAllThatIsMissing(t *testing.T) {
	require.Empty(t, preflightOf(t, bootable("amd64")))

	without := func(drop string, instead ...item) []item {
		list := slices.DeleteFunc(bootable("amd64"), func(i item) bool { return i.name == drop })
		return append(list, instead...)
	}
	for want, items := range map[string][]item{
		"/boot/vmlinuz: missing the kernel (no such file":        without("boot/vmlinuz-6.1"),
		"/boot/initrd: missing the initrd with immucore (empty)": without("boot/initrd", item{name: "boot/initrd"}),
		"/etc/cos/bootargs.cfg: missing":                         without("etc/cos/bootargs.cfg", item{name: "etc/cos/bootargs.cfg", data: "# panic=5\nquiet\n"}),
		"/etc/machine-id: missing an empty machine-id":           without("etc/machine-id", item{name: "etc/machine-id", data: "0123\n"}),
		"it is for EM_AARCH64":                                   without("usr/bin/kairos-agent", item{name: "usr/bin/kairos-agent", data: elfFor("arm64")}),
		"/usr/bin/rsync: missing rsync":                          without("usr/bin/rsync", item{name: "usr/bin/rsync", data: "x"}),
		"/usr/bin/grub2-editenv: missing":                        without("usr/bin/grub2-editenv", item{name: "usr/bin/grub2-editenv", link: "/outside"}),
		"/etc/cos/grub.cfg: missing":                             without("etc/cos/grub.cfg", item{name: "etc/cos/grub.cfg/"}),
		"/lib: it must be a link to usr/lib":                     without("lib"),
	} {
		got := preflightOf(t, items)
		require.Contains(t, got, "layer debian: ")
		require.Contains(t, got, want)
		require.Equal(t, 1, strings.Count(got, "[os."), got)
	}
	all := preflightOf(t, nil)
	require.Equal(t, 13, strings.Count(all, "[os."), all)
}

func TestTreeDigestTellsTreesApart(t *testing.T) {
	digest := func(change func(root string), items ...item) string {
		root := t.TempDir()
		x, err := unpack(t, root, osLayerOf(t, items...))
		require.NoError(t, err)
		change(root)
		d, err := treeDigest(root, x.known)
		require.NoError(t, err)
		fresh, err := treeDigest(root, nil)
		require.NoError(t, err)
		require.Equal(t, fresh, d, "what was hashed while writing is what lies there")
		return string(d)
	}
	same := func(string) {}
	base := []item{{name: "usr/a", data: "a"}, {name: "usr/l", link: "a"}, {name: "usr/h", hard: "usr/a"}, {name: "usr/d/"}}
	seen := map[string]string{digest(same, base...): "base"}
	require.Contains(t, seen, digest(same, base...), "the same again")
	require.Contains(t, seen, digest(func(root string) {
		require.NoError(t, os.MkdirAll(root+"/lost+found/x", 0o700))
	}, base...))
	for name, change := range map[string]func(root string){
		"content":         func(root string) { require.NoError(t, os.WriteFile(root+"/usr/a", []byte("b"), 0o644)) },
		"mode":            func(root string) { require.NoError(t, os.Chmod(root+"/usr/a", 0o600)) },
		"mode of the dir": func(root string) { require.NoError(t, os.Chmod(root+"/usr/d", 0o700)) },
		"link": func(root string) {
			require.NoError(t, os.Remove(root+"/usr/l"))
			require.NoError(t, os.Symlink("b", root+"/usr/l"))
		},
		"name":     func(root string) { require.NoError(t, os.Rename(root+"/usr/a", root+"/usr/b")) },
		"one more": func(root string) { require.NoError(t, os.Mkdir(root+"/x", 0o755)) },
		"type": func(root string) {
			require.NoError(t, os.Remove(root+"/usr/d"))
			require.NoError(t, os.WriteFile(root+"/usr/d", nil, 0o755))
		},
	} {
		d := digest(change, base...)
		require.NotContains(t, seen, d, name)
		seen[d] = name
	}
}
