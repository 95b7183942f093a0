package reader

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stylet-edge/stylet/internal/lab/process"
	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Disk is what the disk of a machine that is off holds on COS_STATE.
type Disk struct {
	// Env are the variables of stylet's boot environment.
	Env map[string]string
	// Slots are the images.
	Slots map[v1alpha1.Slot]SlotImage
}

// SlotImage is an image file on COS_STATE.
type SlotImage struct {
	// Image is what its record says, empty for the installer's.
	Image v1alpha1.Digest
	// Label is its file system's label.
	Label string
}

// look mounts COS_STATE and the images without replaying a journal, which is what GRUB sees, in a
// mount namespace of its own: nothing stays mounted, whatever happens.
const look = `set -eu
mkdir "$2/state"; mount -o ro,noload,loop "$1" "$2/state"
echo "env $(base64 -w0 "$2/state/stylet_env")"
for slot in active passive; do
	image=$2/state/cOS/$slot.img
	[ -e "$image" ] || continue
	echo "label.$slot $(e2label "$image" | base64 -w0)"
	mkdir "$2/$slot"; mount -o ro,loop "$image" "$2/$slot"
	record=$2/$slot/usr/lib/stylet/image.json
	[ -e "$record" ] && echo "record.$slot $(base64 -w0 "$record")" || echo "record.$slot "
done`

// ReadDisk reads the slots of a disk that no machine writes to. It needs root, and as much room in
// scratch as COS_STATE holds.
func ReadDisk(ctx context.Context, disk, scratch string) (Disk, error) {
	dir, err := os.MkdirTemp(scratch, "slots-")
	if err != nil {
		return Disk{}, fmt.Errorf("reading the slots: %w", err)
	}
	defer os.RemoveAll(dir)
	raw := filepath.Join(dir, "state.raw")
	if err := extractState(ctx, disk, dir, raw); err != nil {
		return Disk{}, fmt.Errorf("copying COS_STATE of %s: %w", disk, err)
	}
	out, err := process.Output(ctx, "unshare", "--mount", "--", "sh", "-c", look, "look", raw, dir)
	if err != nil {
		return Disk{}, fmt.Errorf("mounting the slots of %s: %w", disk, err)
	}
	return parseLook(string(out))
}

func extractState(ctx context.Context, disk, dir, raw string) error {
	table := filepath.Join(dir, "table.raw")
	if err := qemu.Extract(ctx, disk, 0, tableBytes, table); err != nil {
		return err
	}
	parts, err := Partitions(table)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.Name == "state" {
			return qemu.Extract(ctx, disk, p.Offset, p.Bytes, raw)
		}
	}
	return fmt.Errorf("no partition is named state among %v", parts)
}

// parseLook reads what the look script printed: a key and base64 on each line.
func parseLook(out string) (Disk, error) {
	d := Disk{Slots: map[v1alpha1.Slot]SlotImage{}}
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		data, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return Disk{}, fmt.Errorf("reading the slots' %s: %w", key, err)
		}
		what, name, _ := strings.Cut(key, ".")
		slot := d.Slots[v1alpha1.Slot(name)]
		switch what {
		case "env":
			d.Env = parseEnv(data)
			continue
		case "label":
			slot.Label = strings.TrimSpace(string(data))
		case "record":
			if slot.Image, err = parseRecord(data); err != nil {
				return Disk{}, fmt.Errorf("slot %s: %w", name, err)
			}
		default:
			return Disk{}, fmt.Errorf("an unknown line %q about the slots", line)
		}
		d.Slots[v1alpha1.Slot(name)] = slot
	}
	if d.Env == nil {
		return Disk{}, errors.New("COS_STATE holds no boot environment")
	}
	return d, nil
}

// parseEnv reads a GRUB environment block.
func parseEnv(block []byte) map[string]string {
	env := map[string]string{}
	for line := range bytes.Lines(block) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), "="); ok && !strings.HasPrefix(name, "#") {
			env[name] = value
		}
	}
	return env
}
