package compose

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Requirement: A7
func TestRuntimeLayerRulesNameEveryBreach(t *testing.T) {
	forbidden := []string{
		"usr/local/bin/x", "opt/cni/bin/bridge", "var/lib/x", "home/x", "root/x", "boot/x", "lib/modules/x", "usr/lib/modules/6/x",
		"etc/passwd", "etc/shadow", "etc/group", "etc/systemd/system/x.service", "usr/lib/stylet/image.json", "system/oem/x.yaml", "run/x",
	}
	var items []item
	for _, name := range forbidden {
		items = append(items, item{name: name, data: "x"})
	}
	items = append(items, item{name: "usr/bin/fine", data: "x"}, item{name: "etc/systemd-like", data: "x"}, item{name: "etc/containerd/config.toml", data: "x"})
	root := t.TempDir()
	_, err := unpack(t, root, osLayerOf(t), runtimeOf(t, items...))
	require.Equal(t, CodeRejected, fault.CodeOf(err))
	require.Equal(t, fault.Input, fault.KindOf(err))
	for _, name := range forbidden {
		require.ErrorContains(t, err, "layer containerd: /"+fold(name, false)+": ")
	}
	require.ErrorContains(t, err, "[runtime.persistent-path]")
	require.Equal(t, len(forbidden), strings.Count(err.Error(), "layer containerd:"), err.Error())
	require.Empty(t, names(t, root), "nothing was written after the first breach")

	_, err = unpack(t, t.TempDir(), osLayerOf(t, items[:12]...))
	require.NoError(t, err, "the OS layer may have all of these")
}

func TestRulesHoldWhereAnEntryReallyLands(t *testing.T) {
	base := osLayerOf(t, item{name: "usr/share/"}, item{name: "usr/lib/modules/6/ext4.ko", data: "m"}, item{name: "var/"}, item{name: "boot/vmlinuz", data: "k"})
	for want, upper := range map[string][]item{
		"/var/x":             {{name: "usr/share/way", link: "/var"}, {name: "usr/share/way/x", data: "x"}},
		"/boot/vmlinuz":      {{name: ".wh.boot"}, {name: "boot/.wh.vmlinuz"}},
		"/usr/lib: ":         {{name: "usr/lib", link: "/usr/share"}},
		"/usr: ":             {{name: ".wh.usr"}},
		"/usr/lib/modules: ": {{name: "usr/lib/.wh..wh..opq"}},
	} {
		root := t.TempDir()
		_, err := unpack(t, root, base, runtimeOf(t, upper...))
		require.Equal(t, CodeRejected, fault.CodeOf(err), "%v: %v", upper, err)
		require.ErrorContains(t, err, want)
		require.FileExists(t, root+"/usr/lib/modules/6/ext4.ko")
		require.FileExists(t, root+"/boot/vmlinuz")
	}
}

func TestEntriesThatNoImageCanHold(t *testing.T) {
	for want, bad := range map[string]item{
		"[entry.path-escapes]":  {name: "usr/../../x", data: "x"},
		"it hides no name":      {name: "usr/.wh..."},
		"[entry.path-too-long]": {name: "usr/" + strings.Repeat("n", 256), data: "x"},
		"its link target":       {name: "usr/x", hard: "../etc/shadow"},
		"type '7'":              {name: "usr/x", kind: '7'},
		`"trusted.overlay`:      {name: "usr/x", data: "x", pax: map[string]string{"SCHILY.xattr.trusted.overlay.opaque": "y"}},
		"access control lists":  {name: "usr/x", data: "x", pax: map[string]string{"SCHILY.acl.access": "user::rwx"}},
		"the owner":             {name: "usr/x", data: "x", uid: 1 << 33},
	} {
		_, err := unpack(t, t.TempDir(), osLayerOf(t, bad))
		require.Equal(t, CodeRejected, fault.CodeOf(err), "%v: %v", bad, err)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "layer os: "+bad.name)
	}
}

func TestForeignProvidersAreLeftOut(t *testing.T) {
	root := t.TempDir()
	x, err := unpack(t, root,
		osLayerOf(t, item{name: "usr/bin/agent-provider-kairos", data: "x"}, item{name: "usr/bin/agent-provider-stylet", data: "x"}),
		runtimeOf(t, item{name: "system/", kind: 0}, item{name: "bin/agent-provider-k3s", link: "k3s"}))
	require.ErrorContains(t, err, "/system")
	require.Equal(t, []string{"os: /usr/bin/agent-provider-kairos", "containerd: /usr/bin/agent-provider-k3s"}, x.removed)
	require.Equal(t, []string{"usr", "usr/bin", "usr/bin/agent-provider-stylet"}, names(t, root))
}

func TestOversizeLayerIsStopped(t *testing.T) {
	items := []item{{name: "usr/a", data: strings.Repeat("a", 5000)}, {name: "usr/b", data: "b"}}
	for _, less := range []v1alpha1.LayerContent{{UnpackedBytes: 8192, Files: 2}, {UnpackedBytes: 1 << 30, Files: 1}} {
		lf := blobOf(t, v1alpha1.LayerOS, "os", pack(t, "zstd", tarOf(t, items)), less)
		root := t.TempDir()
		_, err := unpack(t, root, lf)
		require.Equal(t, CodeRejected, fault.CodeOf(err))
		require.ErrorContains(t, err, "layer os: usr/b: ")
		require.ErrorContains(t, err, "[layer.oversize]")
	}
}
