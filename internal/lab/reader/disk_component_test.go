//go:build component

package reader

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/lab/process"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// makeDisk writes what a host's disk looks like, in small: a state partition with two images.
const makeDisk = `set -eu
cd "$1"
mkdir -p root/usr/lib/stylet state/cOS
truncate -s 2M state/cOS/active.img state/cOS/passive.img
mke2fs -q -F -t ext2 -L COS_PASSIVE -d root state/cOS/passive.img
cp record.json root/usr/lib/stylet/image.json
mke2fs -q -F -t ext2 -L COS_ACTIVE -d root state/cOS/active.img
printf '# GRUB Environment Block\nstylet_good=active\n' >state/stylet_env
truncate -s 40M disk.raw part.raw
truncate -s 24M part.raw
mke2fs -q -F -t ext4 -L COS_STATE -d state part.raw
echo 'label: gpt
start=2048, size=2048, name=oem
start=4096, size=49152, name=state' | sfdisk -q disk.raw
dd if=part.raw of=disk.raw bs=512 seek=4096 conv=notrunc status=none
qemu-img convert -O qcow2 disk.raw disk.qcow2`

func TestReadDiskSeesTheSlots(t *testing.T) {
	dir := t.TempDir()
	manifest := v1alpha1.ImageManifest{SchemaVersion: 1, Architecture: "amd64"}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "record.json"),
		[]byte(`{"id": "`+string(manifest.ID())+`", "manifest": {"schemaVersion": 1, "composeVersion": 0, "architecture": "amd64", "layers": null, "agent": ""}}`), 0o600))
	_, err := process.Output(t.Context(), "sh", "-c", makeDisk, "make", dir)
	require.NoError(t, err)

	disk, err := ReadDisk(t.Context(), filepath.Join(dir, "disk.qcow2"), dir)
	require.NoError(t, err)
	require.Equal(t, "active", disk.Env["stylet_good"])
	require.Equal(t, map[v1alpha1.Slot]SlotImage{
		v1alpha1.SlotActive:  {Image: manifest.ID(), Label: "COS_ACTIVE"},
		v1alpha1.SlotPassive: {Label: "COS_PASSIVE"},
	}, disk.Slots)
}
