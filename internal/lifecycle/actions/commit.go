package actions

import (
	"context"
	"errors"
	"path"

	"github.com/stylet-edge/stylet/internal/compose"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
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
	return a.tidy(call.Plan.Target)
}

// tidy removes what no revision that may still run needs: all composed images (the slots hold
// their own copies) and the blobs of forgotten revisions.
func (a commit) tidy(target lifecycle.Target) error {
	images, err := a.State.ReadDir("images")
	if err != nil {
		return err
	}
	for _, entry := range images {
		if path.Ext(entry.Name()) == ".img" {
			err = errors.Join(err, compose.Discard(a.State.Path("images/"+entry.Name())))
		}
	}
	var j lifecycle.Journal
	if readErr := a.State.ReadJSON(lifecycle.JournalFile, &j); readErr != nil {
		return errors.Join(err, readErr) // without the journal nothing is known to be forgotten
	}
	keep := map[v1alpha1.Digest]bool{}
	for _, l := range layers(target) {
		keep[l.Content.Digest] = true
	}
	if j.Target != nil {
		for _, l := range layers(*j.Target) {
			keep[l.Content.Digest] = true
		}
	}
	for _, c := range j.Committed {
		for _, d := range c.Contents {
			keep[d] = true
		}
	}
	_, gcErr := a.Content.GC(keep)
	return errors.Join(err, gcErr)
}
