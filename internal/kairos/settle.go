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

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/killpoint"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// transitionMount is where kairos-agent mounts the image that it is about to put in place.
const transitionMount = "/run/cos/transition"

// settle brings the disk into the form in which GRUB reads what the switch meant: no left-over, the
// labels right, no entry selected that would be booted past our rule, and nothing of it in the
// journals alone, which GRUB does not replay.
func (h Host) settle(ctx context.Context, slots Slots) error {
	if err := h.clearLeftOver(ctx); err != nil {
		return err
	}
	if p := slots.Passive; p.Present && p.Problem == "" && p.Label != labelOf(p.Slot) {
		err := h.withStateWritable(ctx, func() error { return h.setLabel(ctx, p.Path, labelOf(p.Slot)) })
		if err != nil {
			return err
		}
	}
	if err := h.dropSelectedEntry(); err != nil {
		return err
	}
	killpoint.Reach("kairos.settle")
	if err := durable.SyncFS(h.stateDir()); err != nil {
		return err
	}
	return durable.SyncFS(h.oemDir())
}

// dropSelectedEntry removes next_entry and saved_entry from COS_OEM:/grubenv, in place.
// kairos-agent selects an entry after each upgrade. A damaged file is emptied: GRUB reads on where
// we would stop.
func (h Host) dropSelectedEntry() error {
	path := filepath.Join(h.oemDir(), "grubenv")
	block, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading GRUB's selected entry: %w", err)
	}
	variables, parseErr := parseBlock(block)
	var kept []EnvVariable
	for _, v := range variables {
		if v.Name != "next_entry" && v.Name != "saved_entry" {
			kept = append(kept, v)
		}
	}
	if parseErr == nil && len(kept) == len(variables) {
		return nil
	}
	clean, err := encodeBlock(kept, max(len(block), blockSize))
	if err != nil {
		return fmt.Errorf("dropping GRUB's selected entry: %w", err)
	}
	if len(clean) != len(block) { // a short file: GRUB sees the new one after the caller's syncfs
		return writeFile(path, clean)
	}
	return durable.OverwriteInPlace(path, clean)
}

// clearLeftOver removes what a kairos-agent that died has left: its mount, its loop device, and the
// image that it was writing. That image is never used: after a cut its name may be there without
// its bytes.
func (h Host) clearLeftOver(ctx context.Context) error {
	if _, err := os.Lstat(h.transition()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if mounted(transitionMount) {
		if err := run(ctx, h.Runner, "umount", transitionMount); err != nil {
			return err
		}
	}
	if err := h.detachLoops(ctx, h.transition()); err != nil {
		return err
	}
	return h.withStateWritable(ctx, func() error {
		killpoint.Reach("kairos.left-over")
		if err := os.Remove(h.transition()); err != nil {
			return fmt.Errorf("removing the left-over of an upgrade: %w", err)
		}
		return nil
	})
}

// detachLoops detaches the loop devices of exactly this file.
func (h Host) detachLoops(ctx context.Context, file string) error {
	var devices []string
	_, err := h.Runner.Run(ctx, command.Spec{
		Name: "list-loops", Argv: []string{"losetup", "--noheadings", "--output", "NAME", "--associated", file},
		Timeout: time.Minute,
		OnLine: func(line string) {
			if name := strings.TrimSpace(line); name != "" {
				devices = append(devices, name)
			}
		},
	})
	if err != nil {
		return fmt.Errorf("looking for loop devices of %s: %w", file, err)
	}
	for _, device := range devices {
		if err := run(ctx, h.Runner, "losetup", "--detach", device); err != nil {
			return err
		}
	}
	return nil
}

// restoreActive gives a host back its active.img, which a kairos-agent that died between its two
// renames has made passive.img. It is copied, not renamed back: a bootable passive.img must be
// there at every instant.
func (h Host) restoreActive(ctx context.Context, running v1alpha1.ImageRecord, passive SlotImage) error {
	if !passive.Present || passive.Problem != "" || passive.Record.ID != running.ID {
		return fault.New(fault.Refused, "switch.no-image", "boot the recovery system and reset the host",
			"active.img is missing and passive.img is not the image that runs (%s)", passive.Problem)
	}
	return h.withStateWritable(ctx, func() error {
		if err := h.setLabel(ctx, passive.Path, labelOf(v1alpha1.SlotPassive)); err != nil {
			return err
		}
		if err := run(ctx, h.Runner, "cp", "--sparse=always", passive.Path, h.transition()); err != nil {
			return err
		}
		if err := h.setLabel(ctx, h.transition(), labelOf(v1alpha1.SlotActive)); err != nil {
			return err
		}
		root, err := durable.Open(h.imageDir())
		if err != nil {
			return err
		}
		defer root.Close()
		if err := durable.SyncFS(h.stateDir()); err != nil {
			return err
		}
		return root.Rename(filepath.Base(h.transition()), "active.img")
	})
}

func (h Host) setLabel(ctx context.Context, image, label string) error {
	return run(ctx, h.Runner, "tune2fs", "-L", label, image)
}

// mounted asks the kernel whether something is mounted at exactly this place.
func mounted(path string) bool {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[4] == path {
			return true
		}
	}
	return false
}
