package actions

import (
	"context"
	"slices"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Registry tells where a layer's bytes come from.
type Registry interface {
	LayerSource(ctx context.Context, profileRef string, layer v1alpha1.Layer) (content.Source, error)
}

// EnsureContent downloads what is missing of a target's layers. It runs inside the agent.
type EnsureContent struct {
	Store *content.Store
	// Registry is asked for anew at each call, since the site's settings may have changed.
	Registry func() (Registry, error)
}

var _ lifecycle.Action = EnsureContent{}

// Done tells whether every blob is there.
func (a EnsureContent) Done(_ context.Context, call lifecycle.Call) (bool, error) {
	for _, l := range layers(call.Plan.Target) {
		if !a.Store.Has(l.Content.Digest) {
			return false, nil
		}
	}
	return true, nil
}

// Do makes sure that there is room, for the image too, before the first byte is asked for. What a
// site's network can cause (a wrong clock, an inspecting proxy, a missing permission) is worth
// waiting for, and no reason to refuse the revision for good.
func (a EnsureContent) Do(ctx context.Context, call lifecycle.Call) error {
	err := a.fetch(ctx, call)
	kind, code := fault.KindOf(err), fault.CodeOf(err)
	if (kind == fault.Input || kind == fault.Refused) && !slices.Contains(ownFaults, code) {
		return fault.Wrap(err, fault.Wait, code, fault.RemedyOf(err), "the content cannot be fetched now")
	}
	return err
}

// ownFaults are the codes of errors that the profile itself causes: it pins by digest what does not
// fit together, wherever it is fetched from.
var ownFaults = []string{"profile.layer-mismatch", "registry.reference", "registry.not-ours", "content.descriptor"}

func (a EnsureContent) fetch(ctx context.Context, call lifecycle.Call) error {
	target := call.Plan.Target
	var missing []content.Descriptor
	var total, done int64
	for _, l := range layers(target) {
		total += l.Content.Size
		if a.Store.Has(l.Content.Digest) {
			done += l.Content.Size
		} else {
			missing = append(missing, content.Descriptor{Digest: l.Content.Digest, Size: l.Content.Size})
		}
	}
	if err := a.Store.CheckRoom(ctx, a.Store.Missing(missing)+target.ImageSize); err != nil {
		return err
	}
	registry, err := a.Registry()
	if err != nil {
		return err
	}
	for _, l := range layers(target) {
		if a.Store.Has(l.Content.Digest) {
			continue
		}
		source, err := registry.LayerSource(ctx, target.Source, l)
		if err != nil {
			return err
		}
		want := content.Descriptor{Digest: l.Content.Digest, Size: l.Content.Size}
		before := done
		if err := a.Store.Ensure(ctx, want, source, func(n int64) { call.Report(before+n, total) }); err != nil {
			return err
		}
		done += want.Size
	}
	return nil
}
