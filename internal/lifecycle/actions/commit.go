package actions

import (
	"context"

	"github.com/stylet-edge/stylet/internal/lifecycle"
)

type commit struct{ Deps }

// Done tells whether the boot loader was told already; the tidying may still be left.
func (a commit) Done(context.Context, lifecycle.Call) (bool, error) { return false, nil }

func (a commit) Do(ctx context.Context, call lifecycle.Call) error {
	if call.Plan.Class != lifecycle.ClassRecord {
		if err := a.Host.Commit(ctx); err != nil {
			return err
		}
		if err := a.EndDeadline(ctx); err != nil {
			return err
		}
	}
	return a.tidier().Tidy(ctx)
}
