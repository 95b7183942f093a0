package actions

import (
	"context"

	"github.com/stylet-edge/stylet/internal/lifecycle"
)

type armTrial struct{ Deps }

// Done tells whether the boot loader knows the trial and no boot of it has begun.
func (a armTrial) Done(_ context.Context, call lifecycle.Call) (bool, error) {
	env, err := a.Host.Env()
	return err == nil && env.Trial == call.Plan.Target.Revision.ID().Short() && env.Try == 0, err
}

func (a armTrial) Do(ctx context.Context, call lifecycle.Call) error {
	var in lifecycle.ArmInput
	if err := call.Input(&in); err != nil {
		return err
	}
	target := call.Plan.Target
	return a.Host.Arm(ctx, target.Revision.ID().Short(), lifecycle.MaxTries(target), in.Good)
}
