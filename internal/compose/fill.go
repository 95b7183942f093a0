package compose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stylet-edge/stylet/internal/base/killpoint"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// fill writes everything into the mounted image, the record last.
func (c *composition) fill(ctx context.Context) (sidecar, error) {
	known, removed, err := c.extractAll(ctx)
	if err != nil {
		return sidecar{}, err
	}
	killpoint.Reach("compose.extracted")
	if err := c.Agent(c.MountDir); err != nil {
		return sidecar{}, fmt.Errorf("writing the agent into the image: %w", err)
	}
	if err := preflightAgent(c.MountDir, c.Manifest.Architecture); err != nil {
		return sidecar{}, err
	}
	tree, err := treeDigest(c.MountDir, known)
	if err != nil {
		return sidecar{}, err
	}
	record := v1alpha1.ImageRecord{ID: c.Manifest.ID(), Manifest: c.Manifest, Profile: c.Profile, Tree: tree}
	if err := writeRecord(c.MountDir, record); err != nil {
		return sidecar{}, err
	}
	return sidecar{Record: record, Removed: removed}, nil
}

// extractAll writes the layers, and gives the content of the files written.
func (c *composition) extractAll(ctx context.Context) (known map[fileKey]content, removed []string, err error) {
	tree, err := openTree(c.MountDir)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, tree.close()) }()
	x := newExtractor(tree, kernel{})
	if err := c.extractLayers(ctx, x, c.work.consumed); err != nil {
		return nil, nil, err
	}
	return x.known, x.removed, x.applyDirs()
}

func (c *composition) extractLayers(ctx context.Context, x *extractor, consumed func(int)) error {
	for i, lf := range c.Layers {
		if err := extractLayer(ctx, x, lf, i == 0, consumed); err != nil {
			return err
		}
		killpoint.Reach("compose.layer")
		// After the first layer to end early, after the last one for what a whiteout may have hidden.
		if len(x.violations) == 0 && (i == 0 || i == len(c.Layers)-1) {
			x.violations = append(x.violations, preflight(x.tree, osLayer(c.Layers), c.Manifest.Architecture)...)
			if err := rejected(x.violations); err != nil {
				return err
			}
		}
	}
	return rejected(x.violations)
}

func extractLayer(ctx context.Context, x *extractor, lf LayerFile, lowest bool, consumed func(int)) error {
	stream, err := openLayer(ctx, lf, consumed)
	if err != nil {
		return err
	}
	defer stream.close()
	offset, err := x.extract(ctx, lf.Layer, lowest, stream)
	if archive := (*streamError)(nil); errors.As(err, &archive) {
		return stream.explain(archive.err, offset)
	}
	if err != nil {
		return err
	}
	return stream.finish()
}

// writeRecord lets the image say what it is.
func writeRecord(root string, record v1alpha1.ImageRecord) (err error) {
	data, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the image's record: %w", err)
	}
	dir, err := os.OpenRoot(root)
	if err != nil {
		return fmt.Errorf("writing the image's record: %w", err)
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	name := v1alpha1.ImageRecordPath[1:]
	if err := dir.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("writing the image's record: %w", err)
	}
	if err := dir.WriteFile(name, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the image's record: %w", err)
	}
	return nil
}
