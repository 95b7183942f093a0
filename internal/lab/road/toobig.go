package road

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/registry"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// hugeBytes is more than three images of it can ever find room for on the machine's disk.
const hugeBytes = 80_000_000_000

// tooBig pushes a profile whose layer says that it unpacks to more than the disk can hold. The
// refusal must come before a byte of a layer is asked for.
func (r *Road) tooBig(ctx context.Context) error {
	if err := r.ensureOn(ctx, "too-big"); err != nil {
		return err
	}
	huge, err := r.inflate(ctx)
	if err != nil {
		return err
	}
	good, mark := r.facts.Tag, r.registry.Mark()
	if err := r.push(ctx, "too-big"); err != nil {
		return err
	}
	mark = max(mark, r.registry.Mark()) // the push itself asks for blobs
	_, err = r.await(ctx, 3*time.Minute, refusal{version: "6.0.0", code: "image.too-big"}.missing)
	if err != nil {
		return err
	}
	if taken := registry.BlobBytes(r.registry.Since(mark))[string(huge)]; taken > 0 {
		return fmt.Errorf("%d bytes of the layer %s were downloaded", taken, huge.Short())
	}
	if err := r.checkpoint(ctx, "too-big"); err != nil {
		return err
	}
	if err := r.push(ctx, good); err != nil {
		return err
	}
	_, err = r.await(ctx, 3*time.Minute, committed("5.0.0"))
	return err
}

// inflate writes the profile: the one of the tag, with a last layer that the host does not have
// and that claims to be huge. It gives the layer's digest.
func (r *Road) inflate(ctx context.Context) (v1alpha1.Digest, error) {
	shown, err := r.stylet(ctx, "profile", "show", r.reference(), "--plain-http", "-o", "json")
	if err != nil {
		return "", fmt.Errorf("showing the profile of the tag: %w", err)
	}
	var profile v1alpha1.Profile
	if err := json.Unmarshal([]byte(shown), &profile); err != nil {
		return "", fmt.Errorf("reading the profile of the tag: %w", err)
	}
	profile.Metadata.Version = "6.0.0"
	last := &profile.Spec.Layers[len(profile.Spec.Layers)-1]
	content := *last.Content
	content.UnpackedBytes, content.Digest = hugeBytes, v1alpha1.DigestOf([]byte("a layer that nobody should ask for"))
	last.Content = &content
	return content.Digest, r.save("inputs/too-big.yaml", profile) // JSON is YAML
}

// blobSizes are the sizes of the layers of the tag's profile.
func (r *Road) blobSizes(ctx context.Context) (map[string]int64, error) {
	shown, err := r.stylet(ctx, "profile", "show", r.reference(), "--plain-http", "-o", "json")
	if err != nil {
		return nil, fmt.Errorf("showing the profile of the tag: %w", err)
	}
	var profile v1alpha1.Profile
	if err := json.Unmarshal([]byte(shown), &profile); err != nil {
		return nil, fmt.Errorf("reading the profile of the tag: %w", err)
	}
	sizes := map[string]int64{}
	for _, layer := range profile.Spec.Layers {
		sizes[string(layer.Content.Digest)] = layer.Content.Size
	}
	return sizes, nil
}
