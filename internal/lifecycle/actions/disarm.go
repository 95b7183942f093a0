package actions

import (
	"context"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/lifecycle"
)

type disarm struct{ Deps }

// Done is left to Do, which looks into the slots as well.
func (a disarm) Done(context.Context, lifecycle.Call) (bool, error) { return false, nil }

// Do never disarms the trial that runs: what was never proved would be good from then on.
func (a disarm) Do(ctx context.Context, call lifecycle.Call) error {
	running, err := a.Host.Running()
	if err != nil {
		return err
	}
	if running.ID == call.Plan.Target.Revision.Image {
		return fault.New(fault.Wait, "switch.on-trial", "", "the image on trial runs already")
	}
	return a.Host.Disarm(ctx, call.Plan.Target.Revision.ID().Short())
}
