package actions

import (
	"context"

	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

type rollback struct{ Deps }

// Done tells whether the boot loader has nothing on trial any more.
func (a rollback) Done(context.Context, lifecycle.Call) (bool, error) {
	env, err := a.Host.Env()
	return err == nil && env.Trial == "", err
}

// Do says why before it goes back: what runs now is what failed, and may not live to say it later.
func (a rollback) Do(ctx context.Context, call lifecycle.Call) error {
	a.announce(call.Plan.Target.Revision.ID())
	return a.Host.FallBack(ctx)
}

// announce says on the console why the revision is refused. Going back does not depend on it: a
// journal that cannot be read is told by whoever reads it next.
func (a rollback) announce(revision v1alpha1.Digest) {
	var j lifecycle.Journal
	if err := a.State.ReadJSON(lifecycle.JournalFile, &j); err != nil {
		return
	}
	if r, ok := j.RefusedFor(revision); ok {
		a.Announce(lifecycle.Failure{Revision: revision, Code: r.Code, Cause: r.Cause}.Announcement())
	}
}
