package actions

import (
	"context"
	"errors"
	"fmt"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/compose"
	"github.com/stylet-edge/stylet/internal/lifecycle"
)

type composeImage struct{ Deps }

// Done is left to compose: it returns at once the image that is already there.
func (a composeImage) Done(context.Context, lifecycle.Call) (bool, error) { return false, nil }

func (a composeImage) Do(ctx context.Context, call lifecycle.Call) error {
	target := call.Plan.Target
	recipe := compose.Recipe{
		Output: a.State.Path(imageFile(target)), MountDir: a.State.Path("mnt"),
		Manifest: target.Manifest, Profile: target.Profile.Title(), Runner: a.Runner,
		Agent: a.SetUp, AgentBytes: a.AgentBytes,
	}
	if target.Profile.Spec.Agent != nil {
		recipe.Agent, recipe.AgentBytes = func(string) error { return nil }, 0
	}
	for _, l := range layers(target) {
		if !a.Content.Has(l.Content.Digest) {
			return fault.New(fault.Retry, "content.missing", "", "the layer %s is not in the store", l.Name)
		}
		recipe.Layers = append(recipe.Layers, compose.LayerFile{Layer: l, Path: a.Content.Path(l.Content.Digest)})
	}
	if err := a.State.MkdirAll("images"); err != nil {
		return err
	}
	_, err := compose.Compose(ctx, recipe, call.Report)
	if fault.CodeOf(err) == compose.CodeNoRoom {
		if tidyErr := a.tidier().MakeRoom(ctx); tidyErr != nil {
			return errors.Join(err, tidyErr)
		}
		_, err = compose.Compose(ctx, recipe, call.Report)
	}
	if fault.CodeOf(err) == "compose.layer-damaged" {
		return errors.Join(err, a.dropDamaged(ctx, target))
	}
	return err
}

// dropDamaged removes the blobs that no longer are what their name says, so that they are
// fetched anew.
func (a composeImage) dropDamaged(ctx context.Context, target lifecycle.Target) error {
	for _, l := range layers(target) {
		if err := a.Content.Recheck(ctx, l.Content.Digest); err != nil {
			return fmt.Errorf("checking the layer %s again: %w", l.Name, err)
		}
	}
	return nil
}
