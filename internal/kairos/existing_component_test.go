//go:build component

package kairos_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/kairos"
)

// foreign installs a Kairos system without stylet: by kairos-agent alone, as its own ISO does.
func (d *drive) foreign(t *testing.T) {
	t.Helper()
	d.agent(t, "")
	config := d.write(t, "foreign.yaml", "#cloud-config\ninstall:\n  reboot: false\n  partitions:\n"+
		"    efi:\n      size: 512\n    oem:\n      size: 256\n    recovery:\n      size: 7000\n    state:\n      size: 2536\n")
	runTool(t, d.spec.AgentPath, "manual-install", "--device", d.spec.Device, config)
}

// digest is over every byte of the disk.
func (d *drive) digest(t *testing.T) string {
	t.Helper()
	runTool(t, "sync")
	f, err := os.Open(filepath.Join(d.dir, "disk.img"))
	require.NoError(t, err)
	defer f.Close()
	sum := sha256.New()
	// Only the part that can hold anything: the beginning of each partition, and the gap before.
	for _, offset := range []int64{0, 513, 769, 7769, 10305} {
		_, err := io.Copy(sum, io.NewSectionReader(f, offset<<20, 24<<20))
		require.NoError(t, err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// cut is a power cut: what a dead kairos-agent left mounted is gone.
func (d *drive) cut(t *testing.T) {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, " "+d.spec.Device+"p") {
			runTool(t, "umount", strings.Fields(line)[4])
		}
	}
}

// mustNotTouch checks that an unattended installation is refused and leaves every byte as it was.
func (d *drive) mustNotTouch(t *testing.T, what string) {
	t.Helper()
	before := d.digest(t)
	d.mustRefuse(t, what)
	require.Equal(t, before, d.digest(t), what)
}

// mustRefuse checks that an unattended installation is refused.
func (d *drive) mustRefuse(t *testing.T, what string) {
	t.Helper()
	d.agent(t, "")
	found, err := kairos.LookForExisting(t.Context(), command.Local{}, d.spec.Device)
	require.NoError(t, err, what)
	assert.True(t, found.Occupied(), "%s: %+v", what, found)
	_, err = d.install(t)
	require.Equal(t, "install.occupied", fault.CodeOf(err), what)
	require.Equal(t, fault.Refused, fault.KindOf(err), what)
}

// TestAnInstallationIsNeverOverwrittenUnasked: whoever installed it, and whatever is left of it.
//
// Requirement: A8
func TestAnInstallationIsNeverOverwrittenUnasked(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	d := newDrive(t, kairos.LayoutFor(testImageSize).Total())
	_, err := d.install(t)
	require.NoError(t, err)
	d.mustNotTouch(t, "stylet's own")
	d.look(t, partOEM, func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, kairos.MarkPath))) })
	d.mustNotTouch(t, "stylet's own, its mark lost")

	d.foreign(t)
	d.mustNotTouch(t, "a Kairos host that was never booted")
	d.look(t, partPersistent, func(dir string) {
		home := filepath.Join(dir, ".state/home.bind/kairos")
		require.NoError(t, os.MkdirAll(home, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(home, "thesis.txt"), []byte("ten years"), 0o600))
	})
	d.mustNotTouch(t, "a Kairos host with its data below .state")
	damage(t, d.spec.Device+partPersistent)
	d.mustNotTouch(t, "a Kairos host whose data cannot be mounted")
	runTool(t, "wipefs", "--quiet", "--all", d.spec.Device+partPersistent)
	d.mustNotTouch(t, "a Kairos host whose superblock is gone")

	d.spec.Force = true
	_, err = d.install(t)
	require.NoError(t, err, "with force")
}

// damage leaves a signature on a file system that no kernel mounts any more.
func damage(t *testing.T, device string) {
	t.Helper()
	runTool(t, "dd", "if=/dev/zero", "of="+device, "bs=4096", "seek=1", "count=2048", "conv=notrunc,fsync", "status=none")
	require.Error(t, exec.CommandContext(t.Context(), "mount", "-o", "ro", device, t.TempDir()).Run())
	require.Contains(t, runTool(t, "blkid", "-p", device), `TYPE="ext4"`)
}

// encrypt leaves what cryptsetup's LUKS1 header is known by.
func encrypt(t *testing.T, device string) {
	t.Helper()
	runTool(t, "wipefs", "--quiet", "--all", device)
	f, err := os.OpenFile(device, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteString("LUKS\xba\xbe\x00\x01aes")
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	require.Contains(t, runTool(t, "blkid", "-p", device), `TYPE="crypto_LUKS"`)
}

// TestAnEncryptedInstallationIsNeverOverwrittenUnasked: none of its labels can be seen.
//
// Requirement: A8
func TestAnEncryptedInstallationIsNeverOverwrittenUnasked(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	d := newDrive(t, kairos.LayoutFor(testImageSize).Total())
	d.foreign(t)
	encrypt(t, d.spec.Device+partPersistent)
	d.mustNotTouch(t, "data encrypted")
	encrypt(t, d.spec.Device+partOEM)
	for _, part := range []string{"p3", partState} {
		runTool(t, "wipefs", "--quiet", "--all", d.spec.Device+part)
	}
	d.mustNotTouch(t, "nothing but encrypted partitions")
}

// TestACutOffInstallationIsDoneAnewUnasked: at every step of kairos-agent, twice in a row, and after
// it, before stylet's own mark.
//
// Requirement: A8
func TestACutOffInstallationIsDoneAnewUnasked(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	d := newDrive(t, kairos.LayoutFor(testImageSize).Total())
	for _, step := range []string{"table", "partition", "before-install", "active", "bootloader", "recovery", "passive", "after-install"} {
		for range 2 {
			d.agent(t, "cut:"+step)
			_, err := d.install(t)
			require.Equal(t, "install.kairos-failed", fault.CodeOf(err), step)
			d.cut(t)
		}
	}
	d.agent(t, "no-room-for-user-data") // all of kairos-agent's part, and no mark
	_, err := d.install(t)
	require.ErrorContains(t, err, "delivering the user-data")
	d.agent(t, "")
	_, err = d.install(t)
	require.NoError(t, err)
	d.mustNotTouch(t, "finished")
}

// TestWhatOthersPutWhereStyletBeganIsKept: stylet's installation was cut off, and somebody used the
// drive by other means. The mark of the beginning is still there.
//
// Requirement: A8
func TestWhatOthersPutWhereStyletBeganIsKept(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	d := newDrive(t, kairos.LayoutFor(testImageSize).Total())
	began := func(then func()) {
		d.spec.Force = true
		d.agent(t, "cut:table")
		_, err := d.install(t)
		require.Equal(t, "install.kairos-failed", fault.CodeOf(err))
		d.cut(t)
		d.foreign(t)
		d.spec.Force = false
		then()
	}
	put := func(name string) {
		d.look(t, partPersistent, func(dir string) { require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o755)) })
	}
	began(func() { put("photos") })
	d.mustRefuse(t, "data")
	began(func() { put(".state/home.bind") })
	d.mustRefuse(t, "a boot")
	began(func() { damage(t, d.spec.Device+partPersistent) })
	d.mustRefuse(t, "data that cannot be mounted")
	began(func() { runTool(t, "wipefs", "--quiet", "--all", d.spec.Device+partPersistent) })
	d.mustRefuse(t, "a superblock that is gone")
	began(func() { encrypt(t, d.spec.Device+partPersistent) })
	d.mustRefuse(t, "an encrypted partition")
	began(func() {
		d.look(t, partOEM, func(dir string) {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(kairos.MarkPath)), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, kairos.MarkPath), []byte("{}"), 0o600))
		})
	})
	d.mustRefuse(t, "the mark of a finished installation")
}
