//go:build component

package kairos_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const testImageSize = v1alpha1.Size(512 << 20)

// drive is a blank disk on a loop device, and a kairos-agent that installs on it.
type drive struct {
	dir  string
	spec kairos.InstallSpec
}

func newDrive(t *testing.T, bytes int64) *drive {
	t.Helper()
	d := &drive{dir: memoryDir(t)}
	disk := filepath.Join(d.dir, "disk.img")
	require.NoError(t, os.WriteFile(disk, nil, 0o600))
	require.NoError(t, os.Truncate(disk, bytes))
	device := strings.TrimSpace(runTool(t, "losetup", "--find", "--show", disk))
	t.Cleanup(func() {
		_ = exec.Command("partx", "-d", device).Run() // none there: nothing to forget
		assert.NoError(t, exec.Command("losetup", "--detach", device).Run())
	})
	makeImage(t, filepath.Join(d.dir, "base.img"), "", v1alpha1.ImageRecord{})
	d.spec = kairos.InstallSpec{
		Device: device, MaxImageSize: testImageSize, WorkDir: filepath.Join(d.dir, "work"),
		AgentPath: filepath.Join(d.dir, "kairos-agent"), Runner: command.Local{},
		Now: func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) },
	}
	d.agent(t, "")
	return d
}

func (d *drive) write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(d.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o755))
	return path
}

// agent writes the wrapper around the player.
func (d *drive) agent(t *testing.T, wrong string) {
	t.Helper()
	player, err := filepath.Abs("testdata/manual-install.sh")
	require.NoError(t, err)
	d.write(t, "kairos-agent", fmt.Sprintf("#!/bin/sh\nexport IMAGE=%s FAULT=%s\nexec %s \"$@\"\n",
		filepath.Join(d.dir, "base.img"), wrong, player))
}

// install runs an installation and gives the steps that it told.
func (d *drive) install(t *testing.T) ([]kairos.Progress, error) {
	t.Helper()
	var told []kairos.Progress
	err := kairos.Install(t.Context(), d.spec, func(p kairos.Progress) { told = append(told, p) })
	return told, err
}

// look mounts a partition of the installed disk for a moment.
func (d *drive) look(t *testing.T, part string, use func(dir string)) {
	t.Helper()
	dir := t.TempDir()
	runTool(t, "mount", d.spec.Device+part, dir)
	defer runTool(t, "umount", dir)
	use(dir)
}

const (
	partOEM        = "p2"
	partState      = "p4"
	partPersistent = "p5"
)

// Requirement: A8
func TestInstall(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	d := newDrive(t, kairos.LayoutFor(testImageSize).Total())
	d.spec.Document = []byte("#cloud-config\nstylet:\n  logLevel: debug\nstages:\n  boot:\n    - name: a\n")
	told, err := d.install(t)
	require.NoError(t, err)

	var steps []string
	var shares []float64
	for _, p := range told {
		steps, shares = append(steps, p.Step), append(shares, p.Done)
	}
	assert.IsIncreasing(t, shares)
	assert.InDelta(t, 1, shares[len(shares)-1], 0)
	assert.Equal(t, []string{"partition", "before-install", "active", "bootloader", "recovery", "passive", "after-install", "verify", "done"}, steps)
	d.look(t, partState, func(dir string) {
		env, err := kairos.ReadBootEnv(filepath.Join(dir, kairos.EnvFile))
		require.NoError(t, err)
		assert.Equal(t, kairos.DefaultBootEnv(), env)
		snippet, err := os.ReadFile(filepath.Join(dir, kairos.SnippetFile))
		require.NoError(t, err)
		assert.Equal(t, kairos.Snippet(), snippet)
		// GRUB writes to the blocks of the file: it must have one, whole.
		extents := runTool(t, "filefrag", filepath.Join(dir, kairos.EnvFile))
		assert.Contains(t, extents, "1 extent found")
	})
	d.look(t, partOEM, func(dir string) {
		mark, err := kairos.ReadMark(dir)
		require.NoError(t, err)
		assert.Equal(t, testImageSize, mark.MaxImageSize)
		assert.Equal(t, kairos.LayoutFor(testImageSize), mark.Layout)
		assert.Equal(t, 2026, mark.Time.Year())
		// The user-data, and nothing but it: kairos-agent's own file is gone.
		files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		require.NoError(t, err)
		assert.Equal(t, []string{filepath.Join(dir, "90_custom.yaml")}, files)
		data, err := os.ReadFile(files[0])
		require.NoError(t, err)
		assert.Equal(t, string(d.spec.Document), string(data))
	})
}

func TestInstallVerifiesWhatKairosAgentDid(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	d := newDrive(t, kairos.LayoutFor(testImageSize).Total())
	for wrong, want := range map[string]struct{ code, text string }{
		"fails":       {"install.kairos-failed", "the disk is on fire"},
		"no-passive":  {"install.not-verified", "the passive image"},
		"no-recovery": {"install.not-verified", "COS_RECOVERY"},
		"no-loader":   {"install.not-verified", "COS_GRUB"},
	} {
		d.agent(t, wrong)
		_, err := d.install(t)
		assert.Equal(t, want.code, fault.CodeOf(err), wrong)
		assert.ErrorContains(t, err, want.text)
		found, err := kairos.LookForExisting(t.Context(), command.Local{}, d.spec.Device)
		require.NoError(t, err)
		assert.False(t, found.Occupied(), "to be done anew after %s", wrong)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	assert.NotContains(t, string(mounts), d.spec.WorkDir, "nothing stays mounted")
}

// TestInstallForABIOS has the real grub-install write the boot sector, the core image and the modules.
//
// Requirement: U1
func TestInstallForABIOS(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	d := newDrive(t, kairos.LayoutFor(testImageSize).Total())
	d.spec.Firmware = kairos.BIOS
	d.agent(t, "no-loader")
	_, err := d.install(t)
	require.Equal(t, "install.not-verified", fault.CodeOf(err))
	require.ErrorContains(t, err, "the boot sector does not hold GRUB")
	d.agent(t, "")
	_, err = d.install(t)
	require.NoError(t, err)
	d.look(t, partOEM, func(dir string) {
		mark, err := kairos.ReadMark(dir)
		require.NoError(t, err)
		assert.Equal(t, int64(1), mark.Layout.BIOS)
		assert.Zero(t, mark.Layout.EFI)
	})
	// GRUB's own files do not take the place of the mark of a begun installation, nor the other way round.
	found, err := kairos.LookForExisting(t.Context(), command.Local{}, d.spec.Device)
	require.NoError(t, err)
	assert.True(t, found.Occupied())
	assert.False(t, found.Began, "the mark of the beginning is gone")
}

func TestInstallIsRefusedOnASmallDisk(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	d := newDrive(t, kairos.LayoutFor(testImageSize).Total()-1)
	_, err := d.install(t)
	require.Equal(t, kairos.CodeDiskTooSmall, fault.CodeOf(err))
	assert.Empty(t, strings.TrimSpace(runTool(t, "wipefs", d.spec.Device)), "nothing was written")
	d.spec.Device = "/dev/nonexistent"
	_, err = d.install(t)
	assert.Equal(t, "install.no-device", fault.CodeOf(err))
}
