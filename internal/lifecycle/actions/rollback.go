package actions

import (
	"context"

	"github.com/stylet-edge/stylet/internal/lifecycle"
)

type rollback struct{ Deps }

// Done tells whether the boot loader has nothing on trial any more.
func (a rollback) Done(context.Context, lifecycle.Call) (bool, error) {
	env, err := a.Host.Env()
	return err == nil && env.Trial == "", err
}

func (a rollback) Do(ctx context.Context, _ lifecycle.Call) error { return a.Host.FallBack(ctx) }
