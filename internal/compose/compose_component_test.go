//go:build component

package compose

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// twoLayers gives an OS layer that an independent tar can compare, and a runtime layer over it.
func twoLayers(t testing.TB) []LayerFile {
	capability := map[string]string{"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"}
	system := append(bootable(runtime.GOARCH),
		item{name: "usr/bin/ping", data: "ping", mode: 0o755, pax: capability},
		item{name: "usr/bin/su", data: strings.Repeat("su", 400_000), mode: 0o4755},
		item{name: "usr/bin/su-too", hard: "usr/bin/su"},
		item{name: "usr/share/"}, item{name: "usr/share/old/"}, item{name: "usr/share/old/a", data: "a"}, item{name: "usr/share/gone", data: "x"},
		item{name: "var/"}, item{name: "var/mail/", mode: 0o2775, gid: 8}, item{name: "var/run", link: "/run"}, item{name: "run/"},
		item{name: "var/run/lock/", mode: 0o1777},
		item{name: "dev/"}, item{name: "dev/null", kind: '3', mode: 0o666}, item{name: "dev/fifo", kind: '6', mode: 0o600},
		item{name: "usr/bin/agent-provider-other", data: "other", mode: 0o755},
		item{name: "usr/share/" + strings.Repeat("long-name/", 20) + "file", data: "deep", uid: 1000, gid: 100_000},
	)
	container := []item{
		{name: "usr/bin/containerd", data: strings.Repeat("containerd", 200_000), mode: 0o755},
		{name: "lib/systemd/system/containerd.service", data: "[Unit]\n"},
		{name: "usr/share/.wh.gone"}, {name: "usr/share/old/.wh..wh..opq"}, {name: "usr/share/old/b", data: "b"},
	}
	return []LayerFile{layerOf(t, v1alpha1.LayerOS, "os", "zstd", system), layerOf(t, v1alpha1.LayerRuntime, "containerd", "gzip", container)}
}

func recipeFor(dir string, layers []LayerFile) Recipe {
	manifest := v1alpha1.ImageManifest{SchemaVersion: 1, ComposeVersion: v1alpha1.ComposeVersion, Architecture: runtime.GOARCH}
	for _, l := range layers {
		manifest.Layers = append(manifest.Layers, v1alpha1.ImageLayer{Kind: l.Layer.Kind, Name: l.Layer.Name, Content: l.Layer.Content.Digest})
	}
	return Recipe{
		Output: filepath.Join(dir, "images", "test.img"), Manifest: manifest, Profile: "store 1.2.0", Layers: layers,
		AgentBytes: 1 << 20, Runner: command.Local{}, MountDir: filepath.Join(dir, "mount"),
		Agent: func(root string) error {
			return os.WriteFile(filepath.Join(root, "usr/bin/stylet"), []byte("stylet"), 0o755)
		},
	}
}

// mounted mounts an image read-only for an independent look.
func mounted(t testing.TB, image string) string {
	t.Helper()
	dir := t.TempDir()
	sh(t, "mount", "-o", "loop,ro", image, dir)
	t.Cleanup(func() { sh(t, "umount", dir) })
	return dir
}

func sh(t testing.TB, argv ...string) string {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	require.NoError(t, err, "%v: %s", argv, out)
	return string(out)
}

func TestComposeThenLook(t *testing.T) {
	layers := twoLayers(t)
	recipe := recipeFor(t.TempDir(), layers)
	var last, total int64
	image, err := Compose(context.Background(), recipe, func(d, n int64) { last, total = d, n })
	require.NoError(t, err)
	require.Equal(t, total, last)
	root := mounted(t, image.Path)
	t.Log(sh(t, "find", root, "-ls"))
	t.Log(image)
}
