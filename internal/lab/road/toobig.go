package road

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/registry"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// hugeBytes is more than three images of it can ever find room for on the machine's disk.
const hugeBytes = 80_000_000_000

// tooBig pushes a profile with a new layer that says that it unpacks to more than the disk can hold.
// The refusal must come before anything of a layer is asked for, which the registry has to give.
func (r *Road) tooBig(ctx context.Context) error {
	if err := r.ensureOn(ctx, "too-big"); err != nil {
		return err
	}
	if _, err := r.inflate(ctx); err != nil {
		return err
	}
	good, mark := r.facts.Tag, r.registry.Mark()
	if err := r.push(ctx, "too-big"); err != nil {
		return err
	}
	_, err := r.await(ctx, 3*time.Minute, refusal{version: "6.0.0", code: "image.too-big"}.missing)
	if err != nil {
		return err
	}
	if err := r.checkpoint(ctx, "too-big"); err != nil {
		return err
	}
	if err := r.noLayerRead(mark); err != nil {
		return err
	}
	if err := r.push(ctx, good); err != nil {
		return err
	}
	_, err = r.await(ctx, 3*time.Minute, committed("5.0.0"))
	return err
}

// noLayerRead fails when somebody has asked for a layer's blob or manifest since a mark. Pushing reads
// neither.
func (r *Road) noLayerRead(mark int) error {
	var errs []error
	for _, a := range registry.Reads(r.registry.Since(mark), repository) {
		errs = append(errs, fmt.Errorf("%s of %s/%s %s was asked for (answer %d, %d bytes)", a.Method, a.Repository, a.Kind, a.Digest, a.Status, a.Bytes))
	}
	return errors.Join(errs...)
}

// inflate writes the profile: the one of the tag, with a last layer that is new, and that claims to be
// huge. The layer is pushed as it is, under a tag that no host follows; only then is the claim
// written over what was measured, so that the layer is there for a host that wants it. It gives the
// layer.
func (r *Road) inflate(ctx context.Context) (v1alpha1.Layer, error) {
	const text = "usr/lib/store/too-big"
	tree := filepath.Join(r.in.Dir, "too-big")
	if err := writeInput(filepath.Join(tree, text), []byte("A layer that the host must not ask for.\n")); err != nil {
		return v1alpha1.Layer{}, err
	}
	if err := pack(tree, tree+".tar.zst"); err != nil {
		return v1alpha1.Layer{}, err
	}
	profile, err := r.shown(ctx, r.reference())
	if err != nil {
		return v1alpha1.Layer{}, err
	}
	profile.Metadata.Version = "6.0.0"
	last := &profile.Spec.Layers[len(profile.Spec.Layers)-1]
	*last = v1alpha1.Layer{Name: last.Name, Kind: last.Kind, Archive: tree + ".tar.zst"}
	if err := r.writeProfile("too-big-honest", profile); err != nil {
		return v1alpha1.Layer{}, err
	}
	honest := r.registry.Address + "/" + repository + ":honest"
	if _, err := r.stylet(ctx, "profile", "push", r.in.Profile("too-big-honest"), honest, "--plain-http"); err != nil {
		return v1alpha1.Layer{}, fmt.Errorf("pushing the layer that will claim to be huge: %w", err)
	}
	return r.claim(ctx, honest)
}

// claim writes the profile of the reference with a huge last layer, after seeing that the registry
// holds the layer.
func (r *Road) claim(ctx context.Context, honest string) (v1alpha1.Layer, error) {
	profile, err := r.shown(ctx, honest)
	if err != nil {
		return v1alpha1.Layer{}, err
	}
	last := &profile.Spec.Layers[len(profile.Spec.Layers)-1]
	size, err := r.registry.BlobSize(string(last.Content.Digest))
	if err != nil {
		return v1alpha1.Layer{}, err
	}
	if size != last.Content.Size {
		return v1alpha1.Layer{}, fmt.Errorf("the registry holds %d bytes of the layer %s, not %d", size, last.Name, last.Content.Size)
	}
	content := *last.Content
	content.UnpackedBytes = hugeBytes
	last.Content = &content
	return *last, r.writeProfile("too-big", profile)
}

// writeProfile writes a profile where push looks for it.
func (r *Road) writeProfile(name string, profile v1alpha1.Profile) error {
	data, err := json.MarshalIndent(profile, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the profile %s: %w", name, err)
	}
	return writeInput(r.in.Profile(name), data) // JSON is YAML
}

func writeInput(path string, data []byte) error {
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
		return fmt.Errorf("writing an input: %w", err)
	}
	return nil
}

// shown is the pushed profile of a reference.
func (r *Road) shown(ctx context.Context, reference string) (v1alpha1.Profile, error) {
	var profile v1alpha1.Profile
	text, err := r.stylet(ctx, "profile", "show", reference, "--plain-http", "-o", "json")
	if err != nil {
		return profile, fmt.Errorf("showing the profile %s: %w", reference, err)
	}
	if err := json.Unmarshal([]byte(text), &profile); err != nil {
		return profile, fmt.Errorf("reading the profile %s: %w", reference, err)
	}
	return profile, nil
}

// blobSizes are the sizes of the layers of the tag's profile.
func (r *Road) blobSizes(ctx context.Context) (map[string]int64, error) {
	profile, err := r.shown(ctx, r.reference())
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	for _, layer := range profile.Spec.Layers {
		sizes[string(layer.Content.Digest)] = layer.Content.Size
	}
	return sizes, nil
}
