package kairos

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kairos-io/kairos-sdk/constants"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// SlotImage is the image file of one slot.
type SlotImage struct {
	Slot v1alpha1.Slot
	Path string
	// Present is false when there is no such file; nothing below is set then.
	Present bool
	// Size is the length of the file in bytes.
	Size int64
	// Label is the label of its file system, by which the kernel's command line finds it.
	Label string
	// Bootable is true when it holds a kernel and an initrd.
	Bootable bool
	// Record is what it says it is; zero for the installer's image.
	Record v1alpha1.ImageRecord
	// Problem says why Label, Bootable or Record could not be read, or is empty.
	Problem string
}

// Slots are the two image files of a host.
type Slots struct{ Active, Passive SlotImage }

// Slots reads both images: the label from the superblock, the record and the boot files through a
// read-only mount that nobody else sees. An image that cannot be read is no error but has its
// Problem: a broken slot is something to report and to replace.
func (h Host) Slots(ctx context.Context) (Slots, error) {
	active, err := h.slotImage(ctx, v1alpha1.SlotActive)
	if err != nil {
		return Slots{}, err
	}
	passive, err := h.slotImage(ctx, v1alpha1.SlotPassive)
	return Slots{Active: active, Passive: passive}, err
}

func (h Host) slotImage(ctx context.Context, slot v1alpha1.Slot) (SlotImage, error) {
	image := SlotImage{Slot: slot, Path: filepath.Join(h.imageDir(), string(slot)+".img")}
	info, err := os.Stat(image.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return image, nil
	}
	if err != nil {
		return image, fmt.Errorf("looking at the slot %s: %w", slot, err)
	}
	image.Present, image.Size = true, info.Size()
	if err := h.inspect(ctx, &image); err != nil {
		if ctx.Err() != nil {
			return image, fmt.Errorf("looking at the slot %s: %w", slot, err)
		}
		image.Problem = err.Error()
	}
	return image, nil
}

// labelOf is the label that a slot's file system must carry.
func labelOf(slot v1alpha1.Slot) string {
	if slot == v1alpha1.SlotPassive {
		return constants.PassiveLabel
	}
	return constants.ActiveLabel
}

// inspectScript mounts an image in a mount namespace of its own, so that nothing is left mounted
// however it ends, and prints what is inside. $1 is the image, $2 any directory to mount over.
// A boot file may be an absolute link, which must not lead out of the image.
const inspectScript = `set -eu
mount -t ext2 -o ro,loop,nodev,nosuid,noexec "$1" "$2"
bootable=yes
for file in boot/vmlinuz boot/initrd; do
  target=$(readlink "$2/$file" || true)
  case $target in /*) file=$target ;; esac
  [ -s "$2/$file" ] || bootable=no
done
echo "bootable=$bootable"
if [ -e "$2$3" ]; then cat "$2$3"; fi
`

// inspect fills in what lies inside the image file at image.Path.
func (h Host) inspect(ctx context.Context, image *SlotImage) error {
	label, err := readExtLabel(image.Path)
	if err != nil {
		return err
	}
	image.Label = label
	mountPoint, err := os.MkdirTemp("", "stylet-image-")
	if err != nil {
		return fmt.Errorf("making a place to mount: %w", err)
	}
	defer func() { _ = os.Remove(mountPoint) }() // an empty directory left in /tmp does no harm
	var lines []string
	_, err = h.Runner.Run(ctx, command.Spec{
		Name: "inspect-image",
		Argv: []string{
			"unshare", "--mount", "--propagation", "private",
			"sh", "-c", inspectScript, "inspect", image.Path, mountPoint, v1alpha1.ImageRecordPath,
		},
		Timeout: 2 * time.Minute,
		OnLine:  func(line string) { lines = append(lines, line) },
	})
	if err != nil {
		return fmt.Errorf("looking into %s: %w", image.Path, err)
	}
	return image.take(lines)
}

// take reads what inspectScript printed.
func (s *SlotImage) take(lines []string) error {
	if len(lines) == 0 {
		return fmt.Errorf("looking into %s: no answer", s.Path)
	}
	s.Bootable = lines[0] == "bootable=yes"
	record := strings.TrimSpace(strings.Join(lines[1:], "\n"))
	if record == "" {
		return nil
	}
	var err error
	if s.Record, err = v1alpha1.ParseImageRecord([]byte(record)); err != nil {
		return fmt.Errorf("reading %s: %w", s.Path, err)
	}
	return nil
}
