package actions

import (
	"context"
	"errors"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/compose"
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
		if _, err := compose.Verify(ctx, path); err != nil {
			if fault.CodeOf(err) == "compose.damaged" {
				err = errors.Join(err, compose.Discard(path))
			}
			return err
		}
	}
	return a.Host.Switch(ctx, path, want)
}
