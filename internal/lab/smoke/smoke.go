// Package smoke shows in a few minutes that the images boot: a disk is written at native speed with
// an image composed from the layers, and booted once; then once more with an image on trial whose
// kernel panics, which must end in the good one.
//
// The disk is written by two small scripts instead of kairos-agent: it would need a live system.
// The genuine installation is `make e2e`'s and `make demo`'s.
package smoke

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lab/host"
	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/internal/lab/reader"
	"github.com/stylet-edge/stylet/internal/lab/road"
	"github.com/stylet-edge/stylet/internal/lab/shell"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Smoke is a run.
type Smoke struct {
	in     road.Inputs
	dir    string
	disk   string
	report *phase.Reporter
	host   *host.Host
	good   v1alpha1.Digest // the image ID of the good image
	trial  string          // the short name of the bad image's trial
	update bool            // the pictures in docs/
}

// New prepares a run whose artefacts go to dir. update makes the pictures of the console in docs/ anew.
func New(in road.Inputs, dir string, update bool, report *phase.Reporter) (*Smoke, error) {
	h, err := host.New(host.Config{
		Dir: dir, Login: shell.Credentials{User: "root", Password: "stylet"}, Report: report, Fresh: true,
		// Two images have no room for a profile's appetite to matter: half the memory does.
		// A network on which nobody answers, for an address; a screen, to be looked at.
		Machine: qemu.Config{MemoryMiB: 4096, Relay: "false", Screen: true},
	})
	if err != nil {
		return nil, err
	}
	return &Smoke{in: in, dir: dir, disk: filepath.Join(dir, "disk.raw"), report: report, host: h, update: update}, nil
}

// Host is the machine.
func (s *Smoke) Host() *host.Host { return s.host }

// Close switches the machine off.
func (s *Smoke) Close() { s.host.Cut() }

// Keep implements phase.Keeper.
func (s *Smoke) Keep(ctx context.Context, name string) error { return s.host.Keep(ctx, name, "", nil) }

// Restore implements phase.Keeper.
func (s *Smoke) Restore(ctx context.Context, name string) error {
	return s.host.Restore(ctx, name, "", &struct{}{})
}

// Lost implements phase.Keeper.
func (s *Smoke) Lost() error { return s.host.Lost() }

// Phases are the parts of the run.
func (s *Smoke) Phases() []phase.Phase {
	return []phase.Phase{
		{Name: "disk", Shows: "a disk is written with the image composed from the layers", Expected: time.Minute, Run: s.write},
		{Name: "boot", Shows: "it boots to multi-user with the agent at work, screen and serial line show its state, and all readers agree", Expected: 2 * time.Minute, Run: s.boot},
		{Name: "bad", Shows: "on the disk, an image that panics is put on trial, as an upgrade does", Expected: time.Minute, Run: s.putOnTrial},
		{Name: "panic", Shows: "the image on trial panics, and the boot loader goes back", Expected: 150 * time.Second, Run: s.panic},
	}
}

func (s *Smoke) write(ctx context.Context) error {
	image, err := s.composeProfile(ctx, "v1")
	if err != nil {
		return err
	}
	s.good = image.Record.ID
	if err := s.makeDisk(ctx, image.Path); err != nil {
		return err
	}
	return s.host.Adopt(ctx, s.disk)
}

func (s *Smoke) boot(ctx context.Context) error {
	if err := s.host.PowerOn(ctx, "good", false); err != nil {
		return err
	}
	if err := s.lookAtConsoles(ctx); err != nil {
		return err
	}
	if _, err := s.host.Output(ctx, "systemctl is-active --quiet stylet-agent.service containerd.service"); err != nil {
		return fmt.Errorf("services of the image: %w", err)
	}
	if err := s.expect(ctx, v1alpha1.SlotActive); err != nil {
		return err
	}
	s.host.Cut()
	return nil
}

// putOnTrial gives the panicking image one try.
func (s *Smoke) putOnTrial(ctx context.Context) error {
	image, err := s.composeProfile(ctx, "v4")
	if err != nil {
		return err
	}
	s.trial = image.Record.ID.Short()
	if err := s.swapIn(ctx, image.Path, kairos.DefaultBootEnv().Armed(s.trial, 1, v1alpha1.SlotPassive)); err != nil {
		return err
	}
	return s.host.Adopt(ctx, s.disk)
}

func (s *Smoke) panic(ctx context.Context) error {
	trial := s.trial
	if err := s.host.PowerOn(ctx, "panic", false); err != nil {
		return err
	}
	ending, err := s.host.AwaitEnd(ctx)
	if err != nil {
		return err
	}
	if d := reader.ParseDecision(s.host.Said()); ending != qemu.Reboot || d.Trial != trial || d.Try != 1 {
		return fmt.Errorf("the boot ended with a %s after GRUB's decision %+v; expected a reboot by panic in try 1 of %s", ending, d, trial)
	}
	if err := s.host.PowerOn(ctx, "back", false); err != nil {
		return err
	}
	if _, err := s.host.Guest(ctx); err != nil {
		return err
	}
	if d := reader.ParseDecision(s.host.Said()); d.Failed != trial {
		return fmt.Errorf("GRUB's decision is %+v; expected that %s failed", d, trial)
	}
	if err := s.expect(ctx, v1alpha1.SlotPassive); err != nil {
		return err
	}
	s.host.Cut()
	return nil
}

// expect checks that the good image runs from a slot, by all readers.
func (s *Smoke) expect(ctx context.Context, slot v1alpha1.Slot) error {
	guest, err := s.host.Guest(ctx)
	if err != nil {
		return err
	}
	running, err := reader.ReadRunning(ctx, guest, s.host.Said())
	if err != nil {
		return err
	}
	status, err := reader.ReadStatus(ctx, guest)
	if err != nil {
		return err
	}
	s.report.Say("stylet status: %s", status.Summary)
	frozen, err := s.host.Freeze(ctx)
	if err != nil {
		return err
	}
	disk, err := reader.ReadDisk(ctx, frozen, s.dir)
	if err != nil {
		return err
	}
	for who, image := range map[string]v1alpha1.Digest{
		"stylet status": status.Running.Image, "the console": running.Image, "the disk": disk.Slots[slot].Image,
	} {
		if image != s.good {
			return fmt.Errorf("%s says that the image is %q, it should be %q", who, image.Short(), s.good.Short())
		}
	}
	if status.Running.Slot != slot || running.Slot != slot {
		return fmt.Errorf("stylet status says slot %s, the kernel's command line %s, expected %s", status.Running.Slot, running.Slot, slot)
	}
	return nil
}
