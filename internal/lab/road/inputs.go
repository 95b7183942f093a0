package road

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/internal/lab/process"
)

// Inputs are what a run is made of: the binary, the installer, the layers, the profiles.
type Inputs struct {
	// Repo is the checkout, Dir the folder that receives what is made of it.
	Repo, Dir string
	// Prebuilt takes layers and installer as an earlier run left them.
	Prebuilt bool
}

// Stylet is the binary under test.
func (in Inputs) Stylet() string { return filepath.Join(in.Repo, "dist", "stylet") }

// ISO is the installer.
func (in Inputs) ISO() string { return filepath.Join(in.Dir, "installer.iso") }

// release are the installer's released files.
func (in Inputs) release() string { return filepath.Join(in.Dir, "installer") }

// Profile is a profile's file, with its archives beside it.
func (in Inputs) Profile(name string) string { return filepath.Join(in.Dir, name+".yaml") }

func (in Inputs) testdata(name string) string { return filepath.Join(in.Repo, "testdata", "e2e", name) }

// Build makes all of them. What the images are made of is cached by images/ itself.
func (in Inputs) Build(ctx context.Context, report *phase.Reporter) error {
	if err := in.BuildLayers(ctx, report); err != nil || in.Prebuilt {
		return err
	}
	return in.installer(ctx, report)
}

// BuildLayers makes all but the installer.
func (in Inputs) BuildLayers(ctx context.Context, report *phase.Reporter) error {
	if err := os.MkdirAll(in.Dir, 0o755); err != nil {
		return fmt.Errorf("making the folder of the inputs: %w", err)
	}
	layers := filepath.Join(in.Repo, "dist", "layers")
	if !in.Prebuilt {
		report.Say("building the layers of the profile (cached: seconds; from nothing: about 15 minutes)")
		if err := in.script(ctx, report, "images/install-deps.sh"); err != nil {
			return err
		}
		if err := in.script(ctx, report, "images/build-layers.sh", "--out", layers); err != nil {
			return err
		}
	}
	for _, name := range []string{"os.tar.zst", "runtime.tar.zst"} {
		if err := link(filepath.Join(layers, name), filepath.Join(in.Dir, name)); err != nil {
			return err
		}
	}
	return in.profiles()
}

// profiles puts each profile of testdata beside its archives, and packs the trees named after it.
func (in Inputs) profiles() error {
	files, err := filepath.Glob(in.testdata("*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := link(file, filepath.Join(in.Dir, filepath.Base(file))); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(in.testdata("."))
	if err != nil {
		return fmt.Errorf("reading the profiles: %w", err)
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		if err := pack(in.testdata(entry.Name()), filepath.Join(in.Dir, entry.Name()+".tar.zst")); err != nil {
			return err
		}
	}
	return nil
}

// installer builds the ISO unless it is there from the same binary, user-data and images.
func (in Inputs) installer(ctx context.Context, report *phase.Reporter) error {
	want, err := digestOf(in.Stylet(), in.testdata("user-data.yaml"), filepath.Join(in.Repo, "images"))
	if err != nil {
		return err
	}
	stamp := in.ISO() + ".inputs"
	if have, err := os.ReadFile(stamp); err == nil && string(have) == want {
		report.Say("the installer is there: %s", in.ISO())
		return nil
	}
	report.Say("building the installer")
	if err := os.Remove(stamp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	release := in.release()
	if err := in.script(ctx, report, "images/build-installer.sh", "--stylet", in.Stylet(), "--out", release); err != nil {
		return err
	}
	if err := in.script(
		ctx, report, "dist/stylet", "iso", "build", "--from", release,
		"--user-data", in.testdata("user-data.yaml"), "--out", in.ISO(),
	); err != nil {
		return err
	}
	return os.WriteFile(stamp, []byte(want), 0o644)
}

// script runs a script of the repository and passes on what it says.
func (in Inputs) script(ctx context.Context, report *phase.Reporter, argv ...string) error {
	argv[0] = filepath.Join(in.Repo, argv[0])
	said := &sayLines{report: report}
	if err := process.Run(ctx, process.Spec{Argv: argv, Stdout: said, Stderr: said}); err != nil {
		return fmt.Errorf("building the inputs: %w", err)
	}
	return nil
}

// Digest is over all that a run is made of.
func (in Inputs) Digest() (string, error) {
	return digestOf(
		in.Stylet(), in.testdata("."), filepath.Join(in.Repo, "images"),
		filepath.Join(in.Dir, "os.tar.zst"), filepath.Join(in.Dir, "runtime.tar.zst"),
	)
}

// digestOf hashes files and trees: names and contents.
func digestOf(paths ...string) (string, error) {
	sum := sha256.New()
	for i, root := range paths {
		if resolved, err := filepath.EvalSymlinks(root); err == nil {
			root = resolved // WalkDir does not follow a link
		}
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			fmt.Fprintf(sum, "%d %s\n", i, name)
			file, err := os.Open(path)
			if err != nil {
				return err
			}
			defer file.Close()
			_, err = io.Copy(sum, file)
			return err
		})
		if err != nil {
			return "", fmt.Errorf("hashing the inputs: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// link makes name a symbolic link to target, whatever it was.
func link(target, name string) error {
	absolute, err := filepath.Abs(target)
	if err != nil {
		return err
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(absolute, name); err != nil {
		return fmt.Errorf("linking an input: %w", err)
	}
	return nil
}
