package actions

import (
	"context"
	"errors"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// RenderConfig writes the configuration of a revision into the state directory, in one file, from
// which the next boots lay it over the image. It runs inside the agent.
type RenderConfig struct{ State *durable.Root }

var _ lifecycle.Action = RenderConfig{}

// Rendered is the file of one revision.
type Rendered struct {
	SchemaVersion int                  `json:"schemaVersion"`
	Revision      v1alpha1.Revision    `json:"revision"`
	Profile       string               `json:"profile"`
	Config        lifecycle.HostConfig `json:"config"`
}

// RenderedFile is the name of a revision's file in the state directory.
func RenderedFile(r v1alpha1.Revision) string { return "revisions/" + r.ID().Short() + ".json" }

// UserDataDir is where the user-data of revisions is kept, in the state directory.
const UserDataDir = "userdata"

// UserDataFile is the name of the file with the user-data whose settings have a digest, "" for none.
func UserDataFile(settings v1alpha1.Digest) string {
	if settings == "" {
		return UserDataDir + "/none.yaml"
	}
	return UserDataDir + "/" + settings.Short() + ".yaml"
}

// Done is always false: writing the same file again is as cheap as comparing it.
func (a RenderConfig) Done(context.Context, lifecycle.Call) (bool, error) { return false, nil }

// Do writes the file.
func (a RenderConfig) Do(ctx context.Context, call lifecycle.Call) (err error) {
	unlock, err := a.State.Lock(ctx, tidyLock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	t := call.Plan.Target
	if _, err := a.State.Stat(UserDataFile(t.UserData)); err != nil && t.UserData != "" {
		return fault.Wrap(err, fault.Retry, "config.user-data", "", "the user-data of %s is not kept yet", t.Revision.ID().Short())
	}
	return a.State.WriteJSON(RenderedFile(t.Revision), Rendered{
		SchemaVersion: 1, Revision: t.Revision, Profile: t.Profile.Title(), Config: t.Config(),
	})
}
