package actions

import (
	"context"
	"errors"
	"io/fs"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/killpoint"
	"github.com/stylet-edge/stylet/internal/compose"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lifecycle"
)

type switchImage struct{ Deps }

// Done is left to the slot driver: it looks into the slots, and only tidies up when the image is
// there already.
func (a switchImage) Done(context.Context, lifecycle.Call) (bool, error) { return false, nil }

// Do checks every byte of the image first: a file torn by a power cut is never switched to. An image
// that is in the slot already needs its file no more.
func (a switchImage) Do(ctx context.Context, call lifecycle.Call) error {
	path, want := a.State.Path(imageFile(call.Plan.Target)), call.Plan.Target.Revision.Image
	slots, err := a.Host.Slots(ctx)
	if err != nil {
		return err
	}
	if !slots.Active.Holds(want) {
		if err := verify(ctx, path); err != nil {
			return err
		}
	}
	err = a.Host.Switch(ctx, path, want, armedFor(call))
	if fault.CodeOf(err) == kairos.CodeBadSource {
		return composeAgain(err, path)
	}
	return err
}

// armedFor is the trial that the plan armed before the step, as the boot loader calls it; "" for none.
func armedFor(call lifecycle.Call) string {
	for _, step := range call.Plan.Steps[:call.Index] {
		if step.Action == lifecycle.ArmTrial {
			return call.Plan.Target.Revision.ID().Short()
		}
	}
	return ""
}

// verify takes a missing image for a damaged one: a cut may have come between the removal of that
// and the engine's note of it.
func verify(ctx context.Context, path string) error {
	_, err := compose.Verify(ctx, path)
	if errors.Is(err, fs.ErrNotExist) || fault.CodeOf(err) == compose.CodeDamaged {
		return composeAgain(err, path)
	}
	return err
}

// composeAgain removes an image that is not what it should be, and turns the error into the one at
// which the engine starts from the content again.
func composeAgain(err error, path string) error {
	err = errors.Join(err, compose.Discard(path))
	killpoint.Reach("actions.discarded")
	return fault.Wrap(err, fault.Retry, compose.CodeDamaged, fault.RemedyOf(err), "the composed image cannot be switched to")
}
