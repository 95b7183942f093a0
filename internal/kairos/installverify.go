package kairos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kairos-io/kairos-sdk/constants"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/killpoint"
	"github.com/stylet-edge/stylet/internal/base/version"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Where the new partitions are mounted below WorkDir while they are looked at.
const (
	mountState    = "state"
	mountRecovery = "recovery"
	mountOEM      = "oem"
)

// finish looks at what kairos-agent left, adds what is ours, and marks the installation finished
// when all of it is on the disk.
func (s InstallSpec) finish(ctx context.Context, layout Layout) error {
	d, err := readDisk(ctx, s.Runner, s.Device)
	if err != nil {
		return err
	}
	for _, label := range kairosLabels() {
		if d.byLabel[label] == "" {
			return notInstalled("no partition of it is labelled %s", label)
		}
	}
	if err := s.verifyStart(d); err != nil {
		return err
	}
	// Each unmount writes the file system back whole, so that the mark cannot be there before it.
	if err := s.mounting(ctx, d, constants.StateLabel, mountState, s.finishState); err != nil {
		return err
	}
	if err := s.mounting(ctx, d, constants.RecoveryLabel, mountRecovery, s.finishRecovery); err != nil {
		return err
	}
	return s.mounting(ctx, d, constants.OEMLabel, mountOEM, func(_ context.Context, dir string) error {
		if err := deliver(dir, s.Document, s.OEMFiles); err != nil {
			return err
		}
		killpoint.Reach("kairos.mark")
		return writeMark(dir, Mark{
			SchemaVersion: 1, Time: s.now().UTC(), Version: version.Version,
			MaxImageSize: v1alpha1.Size(s.MaxImageSize.Or(v1alpha1.DefaultMaxImageSize)), Layout: layout,
		})
	})
}

func (s InstallSpec) mounting(ctx context.Context, d disk, label, name string, use func(context.Context, string) error) error {
	dir := filepath.Join(s.WorkDir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making a place to mount: %w", err)
	}
	return withMount(ctx, s.Runner, d.byLabel[label], dir, "rw", func() error { return use(ctx, dir) })
}

func (s InstallSpec) finishState(ctx context.Context, dir string) error {
	slots, err := Host{Runner: s.Runner, StateDir: dir}.Slots(ctx)
	if err != nil {
		return err
	}
	for _, image := range []SlotImage{slots.Active, slots.Passive} {
		if !image.Present || image.Problem != "" || !image.Bootable || image.Label != labelOf(image.Slot) {
			return notInstalled("the %s image is not right (present: %t, label %q, bootable: %t) %s",
				image.Slot, image.Present, image.Label, image.Bootable, image.Problem)
		}
	}
	if !anyOf(dir, "grub2/grub.cfg", "grub/grub.cfg") {
		return notInstalled("COS_STATE has no grub.cfg")
	}
	// What the boot sector loads reads its other modules from here.
	if s.Firmware == BIOS && !anyOf(dir, "grub/i386-pc/normal.mod", "grub2/i386-pc/normal.mod") {
		return notInstalled("COS_STATE has no modules of GRUB for a BIOS")
	}
	return prepareBootDir(dir)
}

func (s InstallSpec) finishRecovery(_ context.Context, dir string) error {
	if !anyOf(dir, "cOS/recovery.img", "cOS/recovery.squashfs") {
		return notInstalled("COS_RECOVERY has no image")
	}
	return nil
}

// anyOf tells whether one of the files is there and not empty.
func anyOf(dir string, names ...string) bool {
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Size() > 0 {
			return true
		}
	}
	return false
}

func notInstalled(format string, args ...any) error {
	return fault.New(fault.Retry, "install.not-verified", "look at kairos-agent's transcript and try again",
		"the installation is not complete: "+format, args...)
}
