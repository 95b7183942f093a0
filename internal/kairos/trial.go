package kairos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gofrs/flock"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/killpoint"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Env reads the boot environment of the host. A damaged one is a fault with CodeEnvDamaged.
func (h Host) Env() (BootEnv, error) { return ReadBootEnv(h.envPath()) }

// Arm puts a revision on trial, for at most limit boots of active, then back to good. A Wait error
// (boot.wrong-image) says that somebody chose active in the boot menu although passive is the good
// slot: the switch that follows would make what failed the way back.
func (h Host) Arm(ctx context.Context, id string, limit int, good v1alpha1.Slot) error {
	unlock, err := h.lockSlots(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := h.checkGoodRuns(ctx); err != nil {
		return fmt.Errorf("arming the trial: %w", err)
	}
	if err := h.clearLeftOver(ctx); err != nil { // its mount would keep COS_STATE writable
		return fmt.Errorf("arming the trial: %w", err)
	}
	return h.changeEnv(ctx, "arming the trial", func(env BootEnv) BootEnv { return env.Armed(id, limit, good) })
}

// checkGoodRuns lets a host go on from a bad active image only when there is no other to boot.
func (h Host) checkGoodRuns(ctx context.Context) error {
	slot, err := h.Slot()
	if err != nil {
		return err
	}
	env, err := h.Env()
	if err != nil {
		return err
	}
	if slot != v1alpha1.SlotActive || env.Trial != "" || env.Good != v1alpha1.SlotPassive {
		return nil
	}
	slots, err := h.Slots(ctx)
	if err != nil {
		return err
	}
	if passive := slots.Passive; !passive.Present || passive.Problem != "" || !passive.Bootable {
		return nil
	}
	return fault.New(fault.Wait, "boot.wrong-image", "restart the host: it starts its good image by itself",
		"active was chosen in the boot menu, and its image was not proved good")
}

// Disarm takes back the trial of that name, which was not booted: what runs is good again. From
// active it makes sure that active.img is what runs; a Wait error (switch.restart-pending) says that
// it is another image, which must not be booted untried.
func (h Host) Disarm(ctx context.Context, id string) error {
	slot, err := h.Slot()
	if err != nil {
		return err
	}
	unlock, err := h.lockSlots(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := h.clearLeftOver(ctx); err != nil {
		return fmt.Errorf("disarming the trial: %w", err)
	}
	if slot == v1alpha1.SlotActive {
		slots, err := h.Slots(ctx)
		if err != nil {
			return err
		}
		if err := h.checkRotation(ctx, slots); err != nil {
			return fmt.Errorf("disarming the trial: %w", err)
		}
	}
	return h.changeEnv(ctx, "disarming the trial", func(env BootEnv) BootEnv { return env.Disarmed(id, slot) })
}

// CodeTooLate is the fault code of a commit after the trial was given up, by its deadline or by
// the boot loader.
const CodeTooLate = "boot.commit-too-late"

// Commit makes active the good slot and ends the trial. A trial that was given up meanwhile stays
// so: the host is on its way back, and the error is of kind Retry with the code CodeTooLate.
func (h Host) Commit(ctx context.Context) error {
	return h.editEnv(ctx, "committing", func(env BootEnv) (BootEnv, error) {
		if env.GaveUp() {
			return env, fault.New(fault.Retry, CodeTooLate, "nothing: the host restarts into what ran before",
				"the trial %s was given up", env.Failed)
		}
		return env.Committed(), nil
	})
}

// Expire ends the trial with that short name at its deadline and tells whether it did: not when it
// is not, or no longer, the one whose boot has begun. record is called under the lock and before
// the environment changes, so that no commit comes between the verdict and its effect.
func (h Host) Expire(ctx context.Context, trial string, record func(BootEnv)) (expired bool, err error) {
	err = h.editEnv(ctx, "ending the trial at its deadline", func(env BootEnv) (BootEnv, error) {
		next := env.Expired(trial)
		if expired = next.Trial != env.Trial; expired {
			record(env)
		}
		return next, nil
	})
	return expired && err == nil, err
}

// FallBack ends the trial; the next boot takes the slot that was good before.
func (h Host) FallBack(ctx context.Context) error {
	return h.changeEnv(ctx, "falling back", BootEnv.FellBack)
}

// Reported tells GRUB that user space is up. Call it once per boot: a passive slot that never does
// is left for recovery.
func (h Host) Reported(ctx context.Context) error {
	return h.changeEnv(ctx, "reporting the boot", BootEnv.Reported)
}

func (h Host) changeEnv(ctx context.Context, doing string, change func(BootEnv) BootEnv) error {
	return h.editEnv(ctx, doing, func(env BootEnv) (BootEnv, error) { return change(env), nil })
}

// editEnv does nothing when nothing would change: flash is not worn by being sure. The lock on the
// file itself keeps the agent, its steps and the deadline timer apart.
func (h Host) editEnv(ctx context.Context, doing string, edit func(BootEnv) (BootEnv, error)) error {
	lock := flock.New(h.envPath(), flock.SetFlag(os.O_RDONLY))
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return fmt.Errorf("%s: locking the boot environment: %w", doing, err)
	}
	defer func() { _ = lock.Unlock() }() // the descriptor's end releases it as well
	env, err := h.Env()
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	next, err := edit(env)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if same(env, next) {
		return nil
	}
	err = h.withStateWritable(ctx, func() error { return WriteBootEnv(h.envPath(), next) })
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// same compares what GRUB would read.
func same(a, b BootEnv) bool {
	blockA, errA := a.Encode()
	blockB, errB := b.Encode()
	return errA == nil && errB == nil && bytes.Equal(blockA, blockB)
}

// withStateWritable remounts COS_STATE for writing, and read-only again afterwards. A mount left
// writable by a death in between does no harm and is put right by the next change.
func (h Host) withStateWritable(ctx context.Context, change func() error) error {
	if err := h.remount(ctx, "rw"); err != nil {
		return err
	}
	killpoint.Reach("kairos.state-writable")
	err := change()
	killpoint.Reach("kairos.state-changed")
	// Back to read-only also when the caller gave up meanwhile.
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return errors.Join(err, h.remount(back, "ro"))
}

func (h Host) remount(ctx context.Context, how string) error {
	_, err := h.Runner.Run(ctx, command.Spec{
		Name:    "remount-state",
		Argv:    []string{"mount", "-o", "remount," + how, h.stateDir()},
		Timeout: time.Minute,
	})
	if err != nil {
		return fmt.Errorf("remounting %s (%s): %w", h.stateDir(), how, err)
	}
	return nil
}
