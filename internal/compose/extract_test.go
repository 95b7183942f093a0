package compose

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func osLayerOf(t testing.TB, items ...item) LayerFile {
	t.Helper()
	return layerOf(t, v1alpha1.LayerOS, "os", "zstd", items)
}

func runtimeOf(t testing.TB, items ...item) LayerFile {
	t.Helper()
	return layerOf(t, v1alpha1.LayerRuntime, "containerd", "gzip", items)
}

func TestExtractKeepsWhatAnEntryHas(t *testing.T) {
	root := t.TempDir()
	long := strings.Repeat("0123456789", 200_000)
	x, err := unpack(t, root, osLayerOf(t,
		item{name: "usr/"}, item{name: "usr/bin/", mode: 0o555},
		item{name: "usr/bin/su", data: long, mode: 0o4755, pax: map[string]string{"SCHILY.xattr.security.capability": "\x01\x02"}},
		item{name: "usr/bin/su2", hard: "usr/bin/su"},
		item{name: "./usr//bin/link", link: "../../../../outside"},
		item{name: "/etc/fifo", kind: '6', mode: 0o640},
	))
	require.NoError(t, err)
	require.Equal(t, []string{"etc", "etc/fifo", "usr", "usr/bin", "usr/bin/link", "usr/bin/su", "usr/bin/su2"}, names(t, root))
	data, err := os.ReadFile(filepath.Join(root, "usr/bin/su2"))
	require.NoError(t, err)
	require.Equal(t, long, string(data))
	var st, st2 unix.Stat_t
	require.NoError(t, unix.Lstat(filepath.Join(root, "usr/bin/su"), &st))
	require.NoError(t, unix.Lstat(filepath.Join(root, "usr/bin/su2"), &st2))
	require.Equal(t, st.Ino, st2.Ino)
	require.EqualValues(t, unix.S_IFREG|0o4755, st.Mode)
	require.EqualValues(t, 1709209815, st.Mtim.Sec)
	require.NoError(t, unix.Lstat(filepath.Join(root, "usr/bin"), &st))
	require.EqualValues(t, unix.S_IFDIR|0o555, st.Mode)
	require.EqualValues(t, 1709209815, st.Mtim.Sec, "also of a directory that was written into")
	target, err := os.Readlink(filepath.Join(root, "usr/bin/link"))
	require.NoError(t, err)
	require.Equal(t, "../../../../outside", target)
	owner, ok := x.owner.(*paper)
	require.True(t, ok)
	require.Equal(t, []string{"su security.capability=\x01\x02"}, owner.calls)
	require.NoError(t, os.Chmod(filepath.Join(root, "usr/bin"), 0o755))
}

func TestLaterEntriesReplaceEarlierOnes(t *testing.T) {
	root := t.TempDir()
	_, err := unpack(
		t, root,
		osLayerOf(t, item{name: "usr/a", data: "1"}, item{name: "usr/b", hard: "usr/a"}, item{name: "usr/dir/x/y", data: "y"},
			item{name: "usr/link", link: "dir"}, item{name: "usr/keep/f", data: "f"}),
		runtimeOf(t, item{name: "usr/a", data: "2"}, item{name: "usr/dir", data: "now a file"}, item{name: "usr/link/"},
			item{name: "usr/keep/", mode: 0o700}, item{name: "usr/keep/g", hard: "usr/keep/f"}),
	)
	require.NoError(t, err)
	require.Equal(t, []string{"usr", "usr/a", "usr/b", "usr/dir", "usr/keep", "usr/keep/f", "usr/keep/g", "usr/link"}, names(t, root))
	for name, want := range map[string]string{"usr/a": "2", "usr/b": "1", "usr/dir": "now a file", "usr/keep/g": "f"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.Equal(t, want, string(data), name)
	}
	info, err := os.Lstat(filepath.Join(root, "usr/link"))
	require.NoError(t, err)
	require.True(t, info.IsDir())
}

func TestReplacedLinkLeadsToItsNewTarget(t *testing.T) {
	root := t.TempDir()
	_, err := unpack(
		t, root,
		osLayerOf(t, item{name: "usr/one/"}, item{name: "usr/two/"}, item{name: "usr/way", link: "one"}),
		runtimeOf(t, item{name: "usr/way/a", data: "a"}, item{name: "usr/way", link: "two"}, item{name: "usr/way/b", data: "b"}, item{name: "usr/.wh.way"}, item{name: "usr/way/c", data: "c"}),
	)
	require.NoError(t, err)
	require.Equal(t, "usr usr/one usr/one/a usr/two usr/two/b usr/two/c usr/way", strings.Join(names(t, root), " "), "its own link is spared by a whiteout")
}

func TestWhiteouts(t *testing.T) {
	lower := []item{
		{name: "usr/one", data: "1"},
		{name: "usr/dir/a", data: "a"},
		{name: "usr/dir/sub/b", data: "b"},
		{name: "usr/dir/sub/c", data: "c"},
		{name: "usr/tree/x/y", data: "y"},
		{name: "usr/both/low", data: "low"},
	}
	for name, c := range map[string]struct {
		upper []item
		want  string
	}{
		"one file":              {[]item{{name: "usr/.wh.one"}}, "usr usr/both usr/both/low usr/dir usr/dir/a usr/dir/sub usr/dir/sub/b usr/dir/sub/c usr/tree usr/tree/x usr/tree/x/y"},
		"a whole tree":          {[]item{{name: "usr/.wh.tree"}, {name: "usr/.wh.dir"}}, "usr usr/both usr/both/low usr/one"},
		"opaque, after its own": {[]item{{name: "usr/dir/sub/new", data: "n"}, {name: "usr/dir/.wh..wh..opq"}, {name: "usr/.wh.tree"}}, "usr usr/both usr/both/low usr/dir usr/dir/sub usr/dir/sub/new usr/one"},
		"spares its own":        {[]item{{name: "usr/both/up", data: "u"}, {name: "usr/.wh.both"}, {name: "usr/.wh.dir"}, {name: "usr/.wh.tree"}}, "usr usr/both usr/both/up usr/one"},
		"of nothing":            {[]item{{name: "usr/none/.wh.x"}, {name: "usr/.wh.none"}, {name: "usr/.wh..wh.plnk"}, {name: "usr/.wh.tree"}, {name: "usr/.wh.dir"}}, "usr usr/both usr/both/low usr/one"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			_, err := unpack(t, root, osLayerOf(t, lower...), runtimeOf(t, c.upper...))
			require.NoError(t, err)
			require.Equal(t, c.want, strings.Join(names(t, root), " "))
		})
	}
}

func TestPathsStayInside(t *testing.T) {
	outside := t.TempDir()
	root := filepath.Join(outside, "root")
	require.NoError(t, os.Mkdir(root, 0o755))
	_, err := unpack(t, root, osLayerOf(t,
		item{name: "tmp/"}, item{name: "absolute", link: outside}, item{name: "up", link: "../../../../../.." + outside},
		item{name: "slash", link: "/"}, item{name: "slash/tmp/in", data: "in"}, item{name: "up2", link: "../../tmp"}, item{name: "up2/in2", data: "in"},
	))
	require.NoError(t, err)
	require.Equal(t, []string{"absolute", "slash", "tmp", "tmp/in", "tmp/in2", "up", "up2"}, names(t, root))
	for _, bad := range []item{{name: "absolute/file", data: "x"}, {name: "up/file", data: "x"}, {name: "usr/h", hard: "absolute/root/tmp"}} {
		_, err := unpack(t, root, osLayerOf(t, bad))
		require.Equal(t, fault.Input, fault.KindOf(err), "%v", err)
		require.ErrorContains(t, err, bad.name)
	}
	require.Equal(t, []string{"root"}, names(t, outside)[:1])
	entries, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestUsrMerge(t *testing.T) {
	root := t.TempDir()
	_, err := unpack(
		t, root,
		osLayerOf(t, item{name: "usr/lib/"}, item{name: "lib", link: "usr/lib"}, item{name: "bin", link: "usr/bin"}),
		runtimeOf(t, item{name: "lib/", mode: 0o755}, item{name: "lib/x", data: "x"}, item{name: "bin/y", data: "y"}, item{name: "usr/z", hard: "./lib/x"}),
	)
	require.NoError(t, err)
	require.Equal(t, []string{"bin", "lib", "usr", "usr/bin", "usr/bin/y", "usr/lib", "usr/lib/x", "usr/z"}, names(t, root))
	target, err := os.Readlink(filepath.Join(root, "lib"))
	require.NoError(t, err)
	require.Equal(t, "usr/lib", target)
}

func TestManyDirectoriesNeedFewDescriptors(t *testing.T) {
	var lower, upper []item
	for i := range maxOpen + 40 {
		name := fmt.Sprintf("usr/d%d/sub/file", i)
		lower = append(lower, item{name: name, data: "x"}, item{name: fmt.Sprintf("usr/h%d/sub/file", i), hard: name})
		upper = append(upper, item{name: fmt.Sprintf("usr/d%d", i), link: "h0"}, item{name: fmt.Sprintf("usr/d%d/sub/new%d", i, i), data: "x"})
	}
	before := openDescriptors(t)
	root := t.TempDir()
	_, err := unpack(t, root, osLayerOf(t, lower...), runtimeOf(t, append(upper, item{name: "usr/.wh..wh..opq"})...))
	require.NoError(t, err)
	require.Equal(t, before, openDescriptors(t))
	// usr, usr/h0, usr/h0/sub and what lies there: d0 to dn were replaced by links, the rest hidden.
	require.Len(t, names(t, root), 3+2*(maxOpen+40))
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}
