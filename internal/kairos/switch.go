package kairos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gofrs/flock"
	"github.com/kairos-io/kairos-sdk/constants"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/killpoint"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// switchTimeout bounds kairos-agent, which copies the whole image: 900 MiB took 47 s on a slow
// virtual disk (facts/boot-proof.md).
const switchTimeout = 30 * time.Minute

// Switch makes the image file the active slot, by kairos-agent. Running from active, what runs
// becomes passive; running from passive, that stays. It may be called again after any death: what
// a broken call left behind is cleared, and when active holds want already, only what GRUB could
// still misread is put in order. Nil means that GRUB will see the new slot, also after a cut.
//
// trial is the short name of the trial that was armed for the image. From active it must stand: an
// agent that lost sight of this call may have called the trial off since, and the image would be
// booted untried. It is empty from passive, where the trial is armed after the switch.
//
// Errors: Refused in another slot than these two; Retry (switch.not-armed) without the trial; Wait
// (switch.restart-pending) when a switched image has not been booted yet, for kairos-agent would
// make it the way back; Retry when kairos-agent failed or its result does not hold up.
func (h Host) Switch(ctx context.Context, image string, want v1alpha1.Digest, trial string) error {
	slot, err := h.Slot()
	if err != nil {
		return err
	}
	if slot != v1alpha1.SlotActive && slot != v1alpha1.SlotPassive {
		return fault.New(fault.Refused, "switch.wrong-slot", "boot the installed system",
			"an image cannot be switched to from the %s system", slot)
	}
	if want == "" {
		return fault.New(fault.Internal, "switch.no-id", "", "switching to an image without an ID")
	}
	unlock, err := h.lockSlots(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if slot == v1alpha1.SlotPassive {
		// What comes into active is on trial only after this. Somebody may have chosen passive in the
		// boot menu while active was good: a cut would then boot the new image untried.
		if err := h.changeEnv(ctx, "keeping the running image good", BootEnv.KeptPassive); err != nil {
			return err
		}
	}
	slots, err := h.Slots(ctx)
	if err != nil {
		return err
	}
	if !slots.Active.Holds(want) {
		if err := h.checkArmed(slot, trial); err != nil {
			return err
		}
		if slots, err = h.replaceActive(ctx, slot, image, want, slots); err != nil {
			return fmt.Errorf("switching to the image %s: %w", want.Short(), err)
		}
	}
	if err := h.settle(ctx, slots); err != nil {
		return fmt.Errorf("settling the switch to %s: %w", want.Short(), err)
	}
	return nil
}

// lockSlots keeps everybody else from changing the slots until unlock is called: an agent that lost
// sight of a switch must not start another, nor call it off, while kairos-agent still works.
func (h Host) lockSlots(ctx context.Context) (unlock func(), err error) {
	lock := flock.New(h.imageDir(), flock.SetFlag(os.O_RDONLY))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return nil, fmt.Errorf("waiting for another switch to end: %w", err)
	}
	return func() { _ = lock.Unlock() }, nil // the descriptor's end releases it as well
}

// checkArmed keeps an image from coming into active that would be booted untried.
func (h Host) checkArmed(slot v1alpha1.Slot, trial string) error {
	if trial == "" && slot == v1alpha1.SlotPassive {
		return nil
	}
	env, err := h.Env()
	if err != nil {
		return err
	}
	if trial == "" || env.Trial != trial {
		return fault.New(fault.Retry, "switch.not-armed", "nothing: the agent arms the trial again if the image is still wanted",
			"running from %s, the boot loader is to try %q and not %q: the image would be booted untried", slot, env.Trial, trial)
	}
	return nil
}

// Holds tells whether a slot is what an upgrade to the image want must leave in active.
func (s SlotImage) Holds(want v1alpha1.Digest) bool {
	return s.Present && s.Problem == "" && s.Bootable && s.Record.ID == want && s.Label == labelOf(s.Slot)
}

func (h Host) replaceActive(ctx context.Context, slot v1alpha1.Slot, image string, want v1alpha1.Digest, slots Slots) (Slots, error) {
	if err := h.checkSource(ctx, image, want); err != nil {
		return slots, err
	}
	if err := h.clearLeftOver(ctx); err != nil {
		return slots, err
	}
	if err := h.checkFree(ctx, image); err != nil {
		return slots, err
	}
	if slot == v1alpha1.SlotActive {
		if err := h.checkRotation(ctx, slots); err != nil {
			return slots, err
		}
	}
	if err := h.upgrade(ctx, image); err != nil {
		return slots, err
	}
	killpoint.Reach("kairos.upgraded")
	after, err := h.Slots(ctx)
	if err != nil {
		return slots, err
	}
	return after, h.verify(slot, want, after)
}

// CodeBadSource is the fault code of an image file that is not the image which was asked for.
const CodeBadSource = "switch.bad-source"

// checkSource looks at the image before anything is moved for it.
func (h Host) checkSource(ctx context.Context, path string, want v1alpha1.Digest) error {
	source := SlotImage{Path: path}
	if err := h.inspect(ctx, &source); err != nil {
		return err
	}
	if source.Record.ID != want || !source.Bootable {
		return fault.New(fault.Internal, CodeBadSource, "remove the file, so that it is composed anew",
			"%s holds the image %q (bootable: %t), not %s", path, source.Record.ID.Short(), source.Bootable, want.Short())
	}
	return nil
}

// checkRotation protects the way back: kairos-agent, booted from active, makes whatever active.img
// is now the new passive one, so that must be what runs.
func (h Host) checkRotation(ctx context.Context, slots Slots) error {
	running, err := h.Running()
	if err != nil {
		return err
	}
	if !slots.Active.Present {
		return h.restoreActive(ctx, running, slots.Passive)
	}
	if slots.Active.Problem == "" && slots.Active.Record.ID == running.ID {
		return nil
	}
	return fault.New(fault.Wait, "switch.restart-pending", "restart the host first",
		"active.img is not the image that runs (%s): another switch has not been booted yet",
		cmp.Or(running.ID.Short(), "the installer's"))
}

func (h Host) upgrade(ctx context.Context, image string) error {
	_, err := h.Runner.Run(ctx, command.Spec{
		Name:       "kairos-upgrade",
		Argv:       []string{cmp.Or(h.AgentPath, constants.AgentBinName), "upgrade", "--source", "file:" + image},
		Timeout:    switchTimeout,
		Transcript: h.transcript("kairos-upgrade"),
	})
	return fault.Wrap(err, fault.Retry, "switch.kairos-failed",
		"look at kairos-agent's transcript", "upgrading by kairos-agent")
}

// verify does not ask kairos-agent how it went.
func (h Host) verify(slot v1alpha1.Slot, want v1alpha1.Digest, after Slots) error {
	if !after.Active.Holds(want) {
		return notWhatWasAsked(after.Active, want)
	}
	if slot == v1alpha1.SlotPassive {
		return nil
	}
	running, err := h.Running()
	if err != nil {
		return err
	}
	if !after.Passive.Holds(running.ID) {
		return notWhatWasAsked(after.Passive, running.ID)
	}
	return nil
}

func notWhatWasAsked(image SlotImage, want v1alpha1.Digest) error {
	var problem error
	if image.Problem != "" {
		problem = errors.New(image.Problem)
	}
	return &fault.Error{
		Kind: fault.Retry, Code: "switch.not-verified", Remedy: "look at kairos-agent's transcript", Err: problem,
		What: fmt.Sprintf("after the upgrade %s holds %q (present: %t, label %q, bootable: %t), not %q",
			image.Path, image.Record.ID.Short(), image.Present, image.Label, image.Bootable, want.Short()),
	}
}
