//go:build component

package iso

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
)

// realRequest has a site's file whose path has all that xorriso could take for something else.
func realRequest(t *testing.T) Request {
	t.Helper()
	request, _ := newRequest(t)
	request.Runner = command.Local{}
	odd := put(t, filepath.Join(t.TempDir(), `a=b\c *[x] `, "-odd\n'\"name"), "certificate")
	request.Files = []File{{Path: odd, Name: "ca/site.pem"}, {Path: request.UserData, Name: "-dash"}}
	return request
}

// xorriso reads the ISO back: the tool, not this package.
func xorriso(t *testing.T, iso string, args ...string) string {
	t.Helper()
	argv := append([]string{"-no_rc", "-report_about", "FAILURE", "-osirrox", "on", "-indev", iso}, args...)
	out, err := exec.CommandContext(t.Context(), "xorriso", argv...).Output()
	require.NoError(t, err)
	return string(out)
}

// Requirement: C7
func TestTheISOHoldsWhatItWasMadeOf(t *testing.T) {
	request := realRequest(t)
	request.Date = time.Unix(1_000_000_000, 0)
	result, err := Build(t.Context(), request)
	require.NoError(t, err)
	info, err := os.Stat(request.Out)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode(), "user-data holds secrets")
	assert.Equal(t, result.Bytes, info.Size())
	assert.Equal(t, []string{"site.iso", "site.yaml"}, namesIn(t, filepath.Dir(request.Out)))

	tree := t.TempDir()
	xorriso(t, request.Out, "-extract", "/", tree)
	for name, path := range map[string]string{
		"rootfs.squashfs": filepath.Join(request.From, rootImage), "boot/kernel": filepath.Join(request.From, "kernel"),
		"boot/initrd": filepath.Join(request.From, "initrd"), "EFI/boot/grub.cfg": filepath.Join(request.From, "grub.cfg"),
		"user-data.yaml": request.UserData, "ca/site.pem": request.Files[0].Path, "-dash": request.UserData,
	} {
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		have, err := os.ReadFile(filepath.Join(tree, name))
		require.NoError(t, err)
		assert.Equal(t, want, have, name)
		info, err := os.Stat(filepath.Join(tree, name))
		require.NoError(t, err)
		assert.Equal(t, int64(1_000_000_000), info.ModTime().Unix(), name)
		secret := name == "user-data.yaml" || name == "ca/site.pem" || name == "-dash"
		assert.Equal(t, secret, info.Mode().Perm()&0o077 == 0, "%s: %s", name, info.Mode())
	}
	assert.Contains(t, xorriso(t, request.Out, "-pvd_info"), "Volume Id    : COS_LIVE")
}

// Requirement: U1
func TestTheISOStartsByBothFirmwaresFromBothMedia(t *testing.T) {
	request := realRequest(t)
	_, err := Build(t.Context(), request)
	require.NoError(t, err)

	// From a CD: an entry of El Torito for each.
	torito := xorriso(t, request.Out, "-report_el_torito", "plain")
	assert.Regexp(t, `El Torito boot img : +1 +BIOS +y +none`, torito)
	assert.Regexp(t, `El Torito boot img : +2 +UEFI +y +none`, torito)
	assert.Regexp(t, `El Torito img opts : +1 +boot-info-table grub2-boot-info`, torito)

	// From a stick: boot code, which leads to the BIOS image; a bootable entry; a GPT with the EFI partition.
	iso, err := os.ReadFile(request.Out)
	require.NoError(t, err)
	assert.Equal(t, []byte{0x55, 0xaa}, iso[510:512])
	assert.Contains(t, []byte{iso[446], iso[462], iso[478], iso[494]}, byte(0x80), "an entry is marked bootable")
	assert.Equal(t, "EFI PART", string(iso[512:520]))
	// mbr.img skips the first 2048 bytes, the part for CDs.
	core := binary.LittleEndian.Uint64(iso[0x1b0:])*512 - 2048
	bios, err := os.ReadFile(filepath.Join(request.From, biosImage))
	require.NoError(t, err)
	assert.Equal(t, bios[2560:], iso[core+2560:core+uint64(len(bios))], "behind the tables that are written into it")
	efi, err := os.ReadFile(filepath.Join(request.From, efiImage))
	require.NoError(t, err)
	assert.True(t, bytes.Contains(iso, efi))
	parts, err := exec.CommandContext(t.Context(), "sfdisk", "--json", request.Out).Output()
	require.NoError(t, err)
	assert.Contains(t, string(parts), "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "the type of an EFI partition")
}

// The same inputs give the same bytes: elsewhere, later, under another name.
//
// Requirement: C7
func TestTheSameInputsGiveTheSameISO(t *testing.T) {
	first, second := realRequest(t), realRequest(t)
	later := time.Now().Add(40 * time.Hour)
	for _, name := range append(releaseFiles(), sumsFile) {
		require.NoError(t, os.Chtimes(filepath.Join(second.From, name), later, later))
		require.NoError(t, os.Chmod(filepath.Join(second.From, name), 0o755))
	}
	require.NoError(t, os.Chmod(second.UserData, 0o640))
	second.Out = filepath.Join(filepath.Dir(second.Out), "other.iso")
	t.Setenv("TZ", "Asia/Tokyo")
	one, err := Build(t.Context(), first)
	require.NoError(t, err)
	two, err := Build(t.Context(), second)
	require.NoError(t, err)
	assert.Equal(t, one.Digest, two.Digest)
	put(t, second.UserData, "#cloud-config\nstylet: {}\n")
	three, err := Build(t.Context(), second)
	require.NoError(t, err)
	assert.NotEqual(t, one.Digest, three.Digest)
}

// A build that is stopped while xorriso writes leaves nothing.
func TestAStoppedBuildLeavesNothing(t *testing.T) {
	request := realRequest(t)
	large := filepath.Join(t.TempDir(), "large")
	require.NoError(t, os.WriteFile(large, nil, 0o600))
	require.NoError(t, os.Truncate(large, 3<<30)) // takes longer than a second to write
	request.Files = append(request.Files, File{Path: large, Name: "large"})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	request.Progress = func(p Progress) {
		if p.Step == "writing" {
			stop()
		}
	}
	_, err := Build(ctx, request)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, []string{"site.yaml"}, namesIn(t, filepath.Dir(request.Out)))
}
