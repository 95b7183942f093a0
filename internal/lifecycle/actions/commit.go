package actions

import (
	"context"

	"github.com/stylet-edge/stylet/internal/lifecycle"
)

type commit struct{ Deps }

// Done is left to Do: after the boot loader was told, ending the deadline may still be left.
func (a commit) Done(context.Context, lifecycle.Call) (bool, error) { return false, nil }

func (a commit) Do(ctx context.Context, call lifecycle.Call) error {
	if call.Plan.Class != lifecycle.ClassRecord {
		if err := a.Host.Commit(ctx); err != nil {
			return err
		}
		a.EndDeadline(ctx)
		// The boot loader's rule comes with stylet. Only one that has proved itself replaces it.
		if err := a.Host.PrepareBoot(ctx); err != nil {
			return err
		}
	}
	// What cannot be removed is no reason to doubt a commit. The agent tidies again, and says so.
	_ = a.tidier().Tidy(ctx)
	return nil
}
