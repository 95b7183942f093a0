package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// errCut is the end of a process in the middle of what it did.
var errCut = errors.New("cut")

// behaviour is how an image behaves when it is booted.
type behaviour int

const (
	healthy behaviour = iota
	sick              // boots, but its gate never passes
	panics            // never reaches user space
	stuck             // kairos-agent never manages to switch to it
)

// world is a machine in memory: two slots, a boot environment with the real rule of the boot
// loader, and effects that can be cut in their middle.
type world struct {
	mu              sync.Mutex
	env             kairos.BootEnv
	active, passive v1alpha1.Digest // image IDs, "" for the installer's image or for none
	activeMissing   bool
	booted          v1alpha1.Digest // what runs, whatever the slots hold by now
	slot            v1alpha1.Slot
	boots           int
	bootedAt        time.Time
	// clockSet is how far the clock is set forward once the machine was looked at.
	clockSet time.Duration
	composed map[v1alpha1.Digest]bool
	images   map[v1alpha1.Digest]behaviour
	// download, if set, is what ensure-content does; armed is called once a trial is armed.
	download func(context.Context, lifecycle.Call) error
	armed    func()
	// swapped, if set, is called once the new image is in place, instead of telling so.
	swapped func()
	// stuckFor is how long a switch to a stuck image takes to fail.
	stuckFor time.Duration
	// left counts the effects until a cut; negative: none comes.
	left int
	cut  func()
	// rebooting is set when a reboot was asked for.
	rebooting bool
}

func newWorld() *world {
	w := &world{slot: v1alpha1.SlotActive, composed: map[v1alpha1.Digest]bool{}, images: map[v1alpha1.Digest]behaviour{}, left: -1}
	w.env.Good = v1alpha1.SlotActive
	w.boots = 1
	w.bootedAt = time.Now()
	return w
}

// effect is one thing that is done whole or not at all; the cut comes before it.
func (w *world) effect(ctx context.Context, do func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if w.left == 0 {
		w.cut()
		return errCut
	}
	w.left--
	do()
	return nil
}

// boot starts the machine as its boot loader would, again and again while images panic.
func (w *world) boot() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rebooting = false
	for range 20 {
		w.boots++
		w.bootedAt = time.Now()
		w.slot, w.env = kairos.NextBoot(w.env)
		if w.slot == v1alpha1.SlotActive && w.activeMissing {
			w.slot = v1alpha1.SlotPassive // GRUB's fallback entry
		}
		if w.booted = w.slotted(); w.images[w.booted] != panics {
			break
		}
	}
	if w.slot != v1alpha1.SlotRecovery {
		w.env = w.env.Reported()
	}
}

// slotted is the image in the slot that was booted.
func (w *world) slotted() v1alpha1.Digest {
	if w.slot == v1alpha1.SlotPassive {
		return w.passive
	}
	return w.active
}

// Observe shows the machine.
func (w *world) Observe(context.Context) (lifecycle.Seen, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return lifecycle.Seen{
		Slot: w.slot, Image: v1alpha1.ImageRecord{ID: w.booted},
		Boot:   lifecycle.Boot{Trial: w.env.Trial, Try: w.env.Try, Good: w.env.Good, Failed: w.env.Failed},
		BootID: fmt.Sprint(w.boots), BootedAt: w.bootedAt.Add(-w.clockSet), Uptime: time.Since(w.bootedAt), MaxImageSize: 1 << 30,
	}, nil
}

// action is an action of the world.
type action struct {
	done func(lifecycle.Call) bool
	do   func(context.Context, lifecycle.Call) error
}

func (a action) Done(_ context.Context, call lifecycle.Call) (bool, error) {
	return a.done != nil && a.done(call), nil
}
func (a action) Do(ctx context.Context, call lifecycle.Call) error { return a.do(ctx, call) }

func (w *world) actions() lifecycle.Actions {
	nothing := action{do: func(ctx context.Context, _ lifecycle.Call) error { return w.effect(ctx, func() {}) }}
	env := func(change func(kairos.BootEnv) kairos.BootEnv) func(context.Context, lifecycle.Call) error {
		return func(ctx context.Context, _ lifecycle.Call) error {
			return w.effect(ctx, func() { w.env = change(w.env) })
		}
	}
	return lifecycle.Actions{
		lifecycle.EnsureContent: action{do: func(ctx context.Context, c lifecycle.Call) error {
			if w.download != nil {
				return w.download(ctx, c)
			}
			return w.effect(ctx, func() {})
		}},
		lifecycle.RenderConfig: nothing,
		lifecycle.Compose: action{do: func(ctx context.Context, c lifecycle.Call) error {
			return w.effect(ctx, func() { w.composed[c.Plan.Target.Revision.Image] = true })
		}},
		lifecycle.ArmTrial: action{do: w.arm},
		lifecycle.Disarm:   action{do: w.disarm},
		lifecycle.Switch:   action{do: w.swap},
		lifecycle.Restart: action{
			done: func(c lifecycle.Call) bool { return c.StartedBoot != c.BootID },
			do: func(ctx context.Context, _ lifecycle.Call) error {
				return w.effect(ctx, func() { w.rebooting = true; w.cut() })
			},
		},
		lifecycle.Commit:   action{do: env(kairos.BootEnv.Committed)},
		lifecycle.Rollback: action{do: env(kairos.BootEnv.FellBack)},
	}
}

func (w *world) arm(ctx context.Context, c lifecycle.Call) error {
	var in lifecycle.ArmInput
	if err := c.Input(&in); err != nil {
		return err
	}
	t := c.Plan.Target
	return w.effect(ctx, func() {
		w.env = w.env.Armed(t.Revision.ID().Short(), lifecycle.MaxTries(t), in.Good)
		if w.armed != nil {
			w.armed()
		}
	})
}

// disarm takes a trial back, unless the slots are not what they were before it.
func (w *world) disarm(ctx context.Context, c lifecycle.Call) error {
	if w.slot == v1alpha1.SlotActive && w.activeMissing && w.passive == w.booted {
		if err := w.effect(ctx, func() { w.active, w.activeMissing = w.passive, false }); err != nil {
			return err
		}
	}
	if w.slot == v1alpha1.SlotActive && w.active != w.booted || w.booted == c.Plan.Target.Revision.Image {
		return errors.New("the slots have changed")
	}
	return w.effect(ctx, func() { w.env = w.env.Disarmed(c.Plan.Target.Revision.ID().Short(), w.slot) })
}

// swap plays kairos-agent's two renames, between which there is no active image. A stuck image ends
// it between them.
func (w *world) swap(ctx context.Context, c lifecycle.Call) error {
	want := c.Plan.Target.Revision.Image
	if w.active == want && !w.activeMissing {
		return w.effect(ctx, func() {})
	}
	if !w.composed[want] {
		return fault.New(fault.Retry, "compose.damaged", "", "nothing was composed")
	}
	if w.slot == v1alpha1.SlotActive && !w.activeMissing {
		if err := w.effect(ctx, func() { w.passive, w.activeMissing = w.active, true }); err != nil {
			return err
		}
	}
	if w.images[want] == stuck {
		<-time.After(w.stuckFor)
		return errors.New("kairos-agent failed")
	}
	err := w.effect(ctx, func() { w.active, w.activeMissing = want, false })
	if err == nil && w.swapped != nil {
		w.swapped()
		return errCut
	}
	return err
}

// wants gives a target whose image is healthy.
func (w *world) wants(version string) lifecycle.Target {
	t := imageTarget(version)
	w.images[t.Revision.Image] = healthy
	return t
}

// gates judges by the running image's behaviour.
func (w *world) gates(lifecycle.Target) []lifecycle.NamedGate {
	return []lifecycle.NamedGate{{Name: "image", Gate: w, Required: true, Timeout: time.Minute, Settle: 4 * time.Second}}
}

// Check is the gate; a look may be where the power goes.
func (w *world) Check(ctx context.Context) lifecycle.Finding {
	if err := w.effect(ctx, func() {}); err != nil {
		return lifecycle.Finding{Message: err.Error()}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	ok := w.images[w.booted] == healthy
	return lifecycle.Finding{OK: ok, Message: fmt.Sprintf("healthy: %t", ok)}
}
