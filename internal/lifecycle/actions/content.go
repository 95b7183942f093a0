package actions

import (
	"context"
	"errors"
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
	// Tidier holds the store, and makes room in it.
	Tidier Tidier
	// Registry is asked for anew at each call, since the site's settings may have changed.
	Registry func(context.Context) (Registry, error)
}

var _ lifecycle.Action = EnsureContent{}

// Done tells whether every blob is there, and no tidying that knows nothing of the plan is under way.
func (a EnsureContent) Done(ctx context.Context, call lifecycle.Call) (bool, error) {
	unlock, err := a.Tidier.State.Lock(ctx, tidyLock)
	if err != nil {
		return false, err
	}
	for _, l := range layers(call.Plan.Target) {
		if !a.Tidier.Content.Has(l.Content.Digest) {
			return false, unlock()
		}
	}
	return true, unlock()
}

// Do makes sure that there is room, for the image too, before the first byte is asked for. What a
// site's network can cause (a wrong clock, an inspecting proxy, a missing permission) is worth
// waiting for, and no reason to refuse the revision for good.
func (a EnsureContent) Do(ctx context.Context, call lifecycle.Call) error {
	err := a.bring(ctx, call)
	kind, code := fault.KindOf(err), fault.CodeOf(err)
	if (kind == fault.Input || kind == fault.Refused) && !slices.Contains(ownFaults, code) {
		return fault.Wrap(err, fault.Wait, code, fault.RemedyOf(err), "the content cannot be fetched now")
	}
	return err
}

// ownFaults are the codes of errors that the profile itself causes: it pins by digest what does not
// fit together, wherever it is fetched from.
var ownFaults = []string{"profile.layer-mismatch", "registry.reference", "registry.not-ours", "content.descriptor"}

func (a EnsureContent) bring(ctx context.Context, call lifecycle.Call) (err error) {
	unlock, err := a.Tidier.State.Lock(ctx, tidyLock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	store, target := a.Tidier.Content, call.Plan.Target
	var missing []content.Descriptor
	var total int64
	for _, l := range layers(target) {
		total += l.Content.Size
		if !store.Has(l.Content.Digest) {
			missing = append(missing, content.DescriptorOf(l))
		}
	}
	if err := a.makeRoom(ctx, store.Missing(missing)+target.ImageSize); err != nil {
		return err
	}
	return a.fetch(ctx, target, func(done int64) { call.Report(done, total) })
}

// makeRoom removes more and more until there is room for so many bytes, or nothing is left that
// could be spared.
func (a EnsureContent) makeRoom(ctx context.Context, need int64) error {
	err := a.Tidier.Content.CheckRoom(ctx, need)
	for _, images := range []int{allRemembered, bothSlots} {
		if fault.CodeOf(err) != content.CodeNoRoom {
			return err
		}
		if tidyErr := a.Tidier.tidy(ctx, images); tidyErr != nil {
			return errors.Join(err, tidyErr)
		}
		err = a.Tidier.Content.CheckRoom(ctx, need)
	}
	return err
}

// fetch downloads what is not there, and tells how many of the target's bytes are.
func (a EnsureContent) fetch(ctx context.Context, target lifecycle.Target, report func(done int64)) error {
	registry, err := a.Registry(ctx)
	if err != nil {
		return err
	}
	var done int64
	for _, l := range layers(target) {
		if a.Tidier.Content.Has(l.Content.Digest) {
			done += l.Content.Size
		}
	}
	for _, l := range layers(target) {
		if a.Tidier.Content.Has(l.Content.Digest) {
			continue
		}
		source, err := registry.LayerSource(ctx, target.Source, l)
		if err != nil {
			return err
		}
		before := done
		if err := a.Tidier.Content.Ensure(ctx, content.DescriptorOf(l), source, func(n int64) { report(before + n) }); err != nil {
			return err
		}
		done += l.Content.Size
	}
	return nil
}
