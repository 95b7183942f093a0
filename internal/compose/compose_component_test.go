//go:build component

package compose

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const netRaw = "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" // cap_net_raw+ep

func systemItems() []item {
	return append(
		bootable(runtime.GOARCH),
		item{name: "usr/bin/ping", data: "ping", mode: 0o755, pax: map[string]string{"SCHILY.xattr.security.capability": netRaw}},
		item{name: "usr/bin/su", data: strings.Repeat("su", 400_000), mode: 0o4755},
		item{name: "usr/bin/su-too", hard: "usr/bin/su"},
		item{name: "usr/share/"}, item{name: "usr/share/old/"}, item{name: "usr/share/old/a", data: "a"}, item{name: "usr/share/gone", data: "x"},
		item{name: "run/"}, item{name: "var/"}, item{name: "var/mail/", mode: 0o2775, gid: 8}, item{name: "var/run", link: "/run"},
		item{name: "tmp/", mode: 0o1777}, item{name: "etc/shadow", data: "root:*", mode: 0o640, gid: 42},
		item{name: "dev/"}, item{name: "dev/null", kind: '3', mode: 0o666}, item{name: "dev/fifo", kind: '6', mode: 0o600},
		item{name: "usr/bin/agent-provider-other", data: "other", mode: 0o755},
		item{name: "usr/share/" + strings.Repeat("long-name/", 20) + "file", data: "deep", uid: 1000, gid: 100_000},
	)
}

func runtimeItems() []item {
	return []item{
		{name: "usr/bin/containerd", data: strings.Repeat("containerd", 200_000), mode: 0o755},
		{name: "lib/systemd/system/containerd.service", data: "[Unit]\n"},
		{name: "usr/share/.wh.gone"},
		{name: "usr/share/old/.wh..wh..opq"},
		{name: "usr/share/old/b", data: "b", uid: 7},
	}
}

// twoLayers gives an OS layer with all kinds of entries, and a runtime layer over it.
func twoLayers(t testing.TB) []LayerFile {
	t.Helper()
	return []LayerFile{
		layerOf(t, v1alpha1.LayerOS, "debian", "zstd", systemItems()),
		layerOf(t, v1alpha1.LayerRuntime, "containerd", "gzip", runtimeItems()),
	}
}

func recipeFor(dir string, layers []LayerFile) Recipe {
	manifest := v1alpha1.ImageManifest{SchemaVersion: 1, ComposeVersion: v1alpha1.ComposeVersion, Architecture: runtime.GOARCH}
	for _, l := range layers {
		manifest.Layers = append(manifest.Layers, v1alpha1.ImageLayer{Kind: l.Layer.Kind, Name: l.Layer.Name, Content: l.Layer.Content.Digest})
	}
	return Recipe{
		Output: filepath.Join(dir, "images", "test.img"), Manifest: manifest, Profile: "store 1.2.0", Layers: layers,
		AgentBytes: 1 << 20, Runner: command.Local{}, MountDir: filepath.Join(dir, "mount"),
		Agent: func(root string) error { return writeAgent(root, elfFor(runtime.GOARCH)) },
	}
}

// writeAgent writes what an image needs of stylet, with the given binary.
func writeAgent(root, binary string) error {
	for name, text := range map[string]string{
		"usr/bin/stylet": binary, "usr/bin/agent-provider-stylet": "#!/bin/sh\n",
		"usr/lib/systemd/system/multi-user.target.wants/stylet-agent.service":  "[Unit]\n",
		"usr/lib/systemd/system/multi-user.target.wants/stylet-booted.service": "[Unit]\n",
		"usr/lib/systemd/system/timers.target.wants/stylet-trial.timer":        "[Unit]\n",
		"usr/lib/systemd/system/stylet-trial.service":                          "[Unit]\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// A profile may bring its own agent. An image that could not prove itself would stay on trial.
//
// Requirement: A7
func TestAnAgentThatCannotProveTheImageIsRejected(t *testing.T) {
	for name, c := range map[string]struct {
		agent func(root string) error
		want  []string
	}{
		"the binary alone": {
			func(root string) error {
				return os.WriteFile(filepath.Join(root, "usr/bin/stylet"), []byte(elfFor(runtime.GOARCH)), 0o755)
			},
			[]string{"agent-provider-stylet", "stylet-agent.service", "stylet-booted.service", "stylet-trial.timer", "stylet-trial.service"},
		},
		"for another machine": {func(root string) error { return writeAgent(root, elfFor("arm64")) }, []string{"EM_AARCH64"}},
		"not a program":       {func(root string) error { return writeAgent(root, "stylet") }, []string{"/usr/bin/stylet"}},
	} {
		t.Run(name, func(t *testing.T) {
			recipe := recipeFor(t.TempDir(), twoLayers(t))
			recipe.Agent = c.agent
			_, err := Compose(t.Context(), recipe, nil)
			require.Equal(t, CodeRejected, fault.CodeOf(err))
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.Equal(t, len(c.want), strings.Count(err.Error(), "[agent.preflight]"), "%v", err)
		})
	}
}

// A disk that does not give back what was written is a reason to compose the image again.
//
// Requirement: A8
func TestAnImageThatCannotBeReadIsDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.img")
	finished(t, path, nil)
	_, err := Verify(t.Context(), path)
	require.NoError(t, err)
	// A regular file of no length, of which every read is an input/output error.
	sh(t, `mount --bind "/proc/$1/mem" "$2"`, strconv.Itoa(os.Getpid()), path)
	t.Cleanup(func() { sh(t, `umount "$1"`, path) })
	_, err = Verify(t.Context(), path)
	require.ErrorIs(t, err, unix.EIO)
	require.Equal(t, CodeDamaged, fault.CodeOf(err))
}

func sh(t testing.TB, script string, args ...string) string {
	t.Helper()
	out, err := exec.Command("bash", append([]string{"-euo", "pipefail", "-c", script, "test"}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", script, args, out)
	return string(out)
}

// mounted mounts an image read-only, with the system's own tools.
func mounted(t testing.TB, image string) string {
	t.Helper()
	dir := t.TempDir()
	sh(t, `mount -o loop,ro "$1" "$2"`, image, dir)
	t.Cleanup(func() { sh(t, `umount "$1"`, dir) })
	return dir
}

// noLeaks checks that nothing below dir is mounted or behind a loop device, soon.
func noLeaks(t testing.TB, dir string) {
	t.Helper()
	require.Eventually(t, func() bool {
		mounts, err := os.ReadFile("/proc/self/mountinfo")
		require.NoError(t, err)
		return !strings.Contains(string(mounts), dir) && !strings.Contains(sh(t, `cat /sys/block/loop*/loop/backing_file 2>/dev/null || true`), dir)
	}, 10*time.Second, 20*time.Millisecond, "a mount or a loop device of %s is left", dir)
}

// Requirement: A7, A8
func TestImageEqualsWhatTarExtracts(t *testing.T) {
	dir := t.TempDir()
	var done, total int64
	image, err := Compose(t.Context(), recipeFor(dir, twoLayers(t)), func(d, n int64) {
		assert.GreaterOrEqual(t, d, done, "progress goes back")
		done, total = d, n
	})
	require.NoError(t, err)
	require.Equal(t, 2*image.Size, total, "every byte is written and read once")
	require.Equal(t, total, done)
	require.Equal(t, []string{"debian: /usr/bin/agent-provider-other"}, image.Removed)
	noLeaks(t, dir)
	got := mounted(t, image.Path)

	want := t.TempDir()
	for i, items := range [][]item{systemItems(), runtimeItems()} {
		plain := filepath.Join(t.TempDir(), "plain.tar")
		require.NoError(t, os.WriteFile(plain, tarOf(t, items), 0o600))
		sh(t, `tar -C "$2" --numeric-owner --xattrs --xattrs-include='*' --keep-directory-symlink -xpf "$1"`, plain, want)
		if i == 1 {
			sh(t, `cd "$1"; rm -r usr/share/.wh.gone usr/share/gone usr/share/old/.wh..wh..opq usr/share/old/a usr/bin/agent-provider-other`, want)
		}
	}
	// Directories' times and their sizes differ between file systems; so do devices' sizes.
	const list = `cd "$1"; find . -mindepth 1 -path ./lost+found -prune -o -type d -printf '%P %y %m %U:%G\n' -o -printf '%P %y %m %U:%G %n %s %T@ %l\n' | sort
		find . -type f -exec sha256sum {} + | sort; stat -c '%n %t:%T' dev/null`
	require.Equal(t, sh(t, list, want), dropAgent(t, sh(t, list, got), want))
	value := make([]byte, 100)
	n, err := unix.Lgetxattr(filepath.Join(got, "usr/bin/ping"), "security.capability", value)
	require.NoError(t, err)
	require.Equal(t, netRaw, string(value[:n]))
	require.FileExists(t, filepath.Join(got, "usr/bin/stylet"))
}

// dropAgent drops the lines about what stylet puts into an image where the layers have nothing.
func dropAgent(t *testing.T, listing, layers string) string {
	t.Helper()
	agent := t.TempDir()
	require.NoError(t, writeAgent(agent, ""))
	require.NoError(t, os.MkdirAll(filepath.Join(agent, filepath.Dir(v1alpha1.ImageRecordPath)), 0o755))
	isNew := func(name string) bool {
		_, inAgent := os.Lstat(filepath.Join(agent, name))
		_, inLayers := os.Lstat(filepath.Join(layers, name))
		return inAgent == nil && inLayers != nil || strings.HasPrefix("/"+name, filepath.Dir(v1alpha1.ImageRecordPath)+"/")
	}
	var kept []string
	for line := range strings.Lines(listing) {
		before, after, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !isNew(before) && !isNew(strings.TrimPrefix(strings.TrimSpace(after), "./")) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// A mount namespace that is made while the image is mounted keeps a copy of the mount.
func TestNobodyWritesToAFinishedImage(t *testing.T) {
	dir := t.TempDir()
	recipe := recipeFor(dir, twoLayers(t))
	write := recipe.Agent
	holder := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", "echo ready; exec sleep 600")
	recipe.Agent = func(root string) error {
		out, err := holder.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, holder.Start())
		_, err = out.Read(make([]byte, 10))
		require.NoError(t, err)
		return write(root)
	}
	image, err := Compose(t.Context(), recipe, nil)
	require.NoError(t, err)
	soundNow(t, image.Path)
	require.NoError(t, holder.Process.Kill())
	require.Error(t, holder.Wait())
	noLeaks(t, dir)
	_, err = Verify(t.Context(), image.Path)
	require.NoError(t, err, "also when the last mount has gone")
}

// soundNow checks a file system as e2fsck leaves nothing to say: with -n it calls wrong counts
// of free blocks no error.
func soundNow(t *testing.T, image string) {
	t.Helper()
	require.NotContains(t, sh(t, `e2fsck -fn "$1" 2>&1`, image), "wrong")
	require.Regexp(t, `Filesystem state: +clean\n`, sh(t, `dumpe2fs -h "$1" 2>/dev/null`, image))
}

func TestFinishedImageIsSoundAndSaysWhatItIs(t *testing.T) {
	dir := t.TempDir()
	recipe := recipeFor(dir, twoLayers(t))
	image, err := Compose(t.Context(), recipe, nil)
	require.NoError(t, err)
	soundNow(t, image.Path)
	about := sh(t, `dumpe2fs -h "$1" 2>/dev/null`, image.Path)
	require.Contains(t, about, "Filesystem volume name:   COS_ACTIVE")
	require.Contains(t, about, uuidOf(recipe.Manifest.ID()))

	record, err := inspect(t.Context(), command.Local{}, image.Path)
	require.NoError(t, err)
	require.Equal(t, v1alpha1.ImageRecord{ID: recipe.Manifest.ID(), Manifest: recipe.Manifest, Profile: "store 1.2.0", Tree: image.Tree}, record)
	verified, err := Verify(t.Context(), image.Path)
	require.NoError(t, err)
	require.Equal(t, image, verified)

	// The same again is answered from the record: no layer is opened.
	recipe.Layers[0].Path = "/nonexistent"
	again, err := Compose(t.Context(), recipe, func(_, _ int64) { t.Error("it was composed again") })
	require.NoError(t, err)
	require.Equal(t, image, again)

	// An image without a record, such as the installer's.
	plain := filepath.Join(dir, "plain.img")
	sh(t, `truncate -s 4M "$1"; mke2fs -q -t ext2 "$1"; truncate -s 4M "$1.not"`, plain)
	_, err = inspect(t.Context(), command.Local{}, plain)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = inspect(t.Context(), command.Local{}, plain+".not")
	require.Equal(t, "compose.damaged", fault.CodeOf(err))
}

func TestNothingIsLeftOfAFailure(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, r *Recipe)
		code  string
		kind  fault.Kind
	}{
		"corrupt blob": {func(t *testing.T, r *Recipe) {
			t.Helper()
			sh(t, `printf X | dd of="$1" bs=1 seek=700 conv=notrunc status=none`, r.Layers[1].Path)
		}, "compose.layer-damaged", fault.Retry},
		"oversize layer": {func(_ *testing.T, r *Recipe) { r.Layers[1].Layer.Content.UnpackedBytes = 4096 }, CodeRejected, fault.Input},
		"not bootable":   {func(_ *testing.T, r *Recipe) { r.Manifest.Architecture = "arm64" }, CodeRejected, fault.Input},
		"too big for the disk": {
			func(_ *testing.T, r *Recipe) { r.Layers[0].Layer.Content.UnpackedBytes = 1 << 50 },
			"compose.no-room", fault.Wait,
		},
		"agent fails":    {func(_ *testing.T, r *Recipe) { r.Agent = func(string) error { return fs.ErrPermission } }, "internal", fault.Internal},
		"no description": {func(_ *testing.T, r *Recipe) { r.Layers[0].Layer.Content = nil }, CodeRejected, fault.Input},
		"runtime first":  {func(_ *testing.T, r *Recipe) { r.Layers = r.Layers[1:] }, CodeRejected, fault.Input},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			recipe := recipeFor(dir, twoLayers(t))
			c.spoil(t, &recipe)
			_, err := Compose(t.Context(), recipe, nil)
			require.Error(t, err)
			require.Equal(t, c.code, fault.CodeOf(err), "%v", err)
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			noLeaks(t, dir)
			for _, left := range names(t, dir) {
				require.Contains(t, []string{"images", "mount", "images/compose.lock"}, left)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := Compose(ctx, recipeFor(dir, twoLayers(t)), func(_, _ int64) { cancel() })
		require.ErrorIs(t, err, context.Canceled)
		noLeaks(t, dir)
		require.NoFileExists(t, filepath.Join(dir, "images", "test.img.partial"))
	})
}

func TestOtherPeoplesLoopDevicesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other.img")
	device := strings.TrimSpace(sh(t, `truncate -s 4M "$1"; losetup --find --show "$1"`, other))
	t.Cleanup(func() { sh(t, `losetup -d "$1"`, device) })

	// What a run killed at its worst leaves: two mounts, one over the other, and a device.
	recipe := recipeFor(dir, twoLayers(t))
	stale := recipe.Output + partialSuffix
	sh(t, `mkdir -p "$1" "$2"; truncate -s 8M "$3"; mke2fs -q -t ext2 "$3"; losetup --find "$3"; mount -t ext2 "$(losetup -nO NAME -j "$3")" "$2"; mount -t tmpfs none "$2"`,
		filepath.Dir(recipe.Output), recipe.MountDir, stale)
	image, err := Compose(t.Context(), recipe, nil)
	require.NoError(t, err)
	require.Contains(t, sh(t, `losetup -nO BACK-FILE "$1"`, device), other)
	noLeaks(t, filepath.Join(dir, "images"))
	noLeaks(t, recipe.MountDir)
	_, err = Verify(t.Context(), image.Path)
	require.NoError(t, err)
}

// inspect reads the record out of an image file, without mounting it: debugfs only reads, needs
// no privilege, and works while the image is in use. An image without a record, such as the
// installer's, is fs.ErrNotExist.
func inspect(ctx context.Context, runner command.Runner, imagePath string) (v1alpha1.ImageRecord, error) {
	var record v1alpha1.ImageRecord
	var text strings.Builder
	result, err := runner.Run(ctx, command.Spec{
		Name:    "inspect-image",
		Argv:    []string{"debugfs", "-R", "cat " + v1alpha1.ImageRecordPath, imagePath},
		Timeout: time.Minute,
		OnLine:  func(line string) { text.WriteString(line + "\n") },
	})
	if err != nil {
		return record, fmt.Errorf("inspecting the image %s: %w", imagePath, err)
	}
	// debugfs ends with status 0 whatever happened.
	if text.Len() == 0 && strings.Contains(result.Tail, "File not found") {
		return record, fmt.Errorf("inspecting the image %s: its record: %w", imagePath, fs.ErrNotExist)
	}
	if record, err = v1alpha1.ParseImageRecord([]byte(text.String())); err != nil {
		return record, fault.Wrap(err, fault.Input, "compose.damaged",
			"compose or fetch the image anew", "inspecting the image %s (%s)", imagePath, strings.TrimSpace(result.Tail))
	}
	return record, nil
}
