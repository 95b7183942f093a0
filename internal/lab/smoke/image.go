package smoke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/compose"
	"github.com/stylet-edge/stylet/internal/lab/process"
	"github.com/stylet-edge/stylet/internal/lab/registry"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// composeProfile makes the image of a profile of testdata on this machine, by the code and the
// binary that do it on a host.
func (s *Smoke) composeProfile(ctx context.Context, name string) (compose.Image, error) {
	s.report.Say("composing the image of %s", name)
	profile, err := s.pushed(ctx, name)
	if err != nil {
		return compose.Image{}, fmt.Errorf("composing the image of %s: %w", name, err)
	}
	stylet, err := os.ReadFile(s.in.Stylet())
	if err != nil {
		return compose.Image{}, fmt.Errorf("composing the image of %s: %w", name, err)
	}
	recipe := compose.Recipe{
		Output:   filepath.Join(s.dir, "images", name+".img"),
		MountDir: filepath.Join(s.dir, "mnt"),
		Manifest: v1alpha1.ImageManifest{
			SchemaVersion: 1, ComposeVersion: v1alpha1.ComposeVersion, Architecture: runtime.GOARCH,
			Agent: v1alpha1.DigestOf(stylet),
		},
		Profile:    profile.Title(),
		AgentBytes: 2 * int64(len(stylet)),
		Runner:     command.Local{},
		Agent: func(root string) error {
			_, err := process.Output(ctx, s.in.Stylet(), "setup", "--root", root)
			return err
		},
	}
	for i, layer := range profile.Spec.Layers {
		recipe.Manifest.Layers = append(recipe.Manifest.Layers, v1alpha1.ImageLayer{
			Kind: layer.Kind, Name: layer.Name, Content: layer.Content.Digest,
		})
		recipe.Layers = append(recipe.Layers, compose.LayerFile{Layer: layer, Path: s.archives(name)[i]})
	}
	if err := os.MkdirAll(filepath.Dir(recipe.Output), 0o755); err != nil {
		return compose.Image{}, fmt.Errorf("composing the image of %s: %w", name, err)
	}
	return compose.Compose(ctx, recipe, nil)
}

// archives are the files of a profile's layers, in their order.
func (s *Smoke) archives(name string) []string {
	files := []string{filepath.Join(s.in.Dir, "os.tar.zst"), filepath.Join(s.in.Dir, "runtime.tar.zst")}
	if extra := filepath.Join(s.in.Dir, name+".tar.zst"); exists(extra) {
		files = append(files, extra)
	}
	return files
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// pushed pushes a profile to a registry of its own and reads back what a host would get: that
// measures the layers.
func (s *Smoke) pushed(ctx context.Context, name string) (v1alpha1.Profile, error) {
	var profile v1alpha1.Profile
	r, err := registry.Start(ctx, filepath.Join(s.dir, "registry"))
	if err != nil {
		return profile, err
	}
	defer r.Stop()
	reference := r.Address + "/site/store:" + name
	if _, err := process.Output(ctx, s.in.Stylet(), "profile", "push", s.in.Profile(name), reference, "--plain-http"); err != nil {
		return profile, err
	}
	shown, err := process.Output(ctx, s.in.Stylet(), "profile", "show", reference, "--plain-http", "-o", "json")
	if err != nil {
		return profile, err
	}
	if err := json.Unmarshal(shown, &profile); err != nil {
		return profile, fmt.Errorf("reading the pushed profile: %w", err)
	}
	if len(profile.Spec.Layers) != len(s.archives(name)) {
		return profile, errors.New("the profile has other layers than archives were found for")
	}
	return profile, nil
}
