package nspawn

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stylet-edge/stylet/internal/lab/process"
)

// finishScript makes the Debian tree an OS layer that passes compose's preflight. Kernel, initrd
// and boot loader files are stand-ins of a few bytes: no boot loader reads them here.
//
//go:embed root/finish.sh
var finishScript string

// System is what a container runs, made once and used by any number of machines: the OS layer as
// tree and as archive, without stylet, and stylet.
type System struct {
	// Dir holds everything; it can be removed afterwards.
	Dir string
	// Stylet is the binary that the installer's image carries.
	Stylet string
	// Layer is the OS layer's archive (tar, zstd) for `stylet profile push`.
	Layer string
}

func (s System) tree() string { return filepath.Join(s.Dir, "tree") }

// BuildSystem makes a system in dir out of the checkout that the go command sees from here. Tags
// are added to the product's for the stylet binary.
func BuildSystem(ctx context.Context, dir string, tags ...string) (System, error) {
	s := System{Dir: dir, Stylet: filepath.Join(dir, "stylet"), Layer: filepath.Join(dir, "os.tar.zst")}
	for _, step := range []func(context.Context) error{
		s.unpack,
		func(ctx context.Context) error { return goBuild(ctx, s.Stylet, "./cmd/stylet", tags...) },
		func(ctx context.Context) error {
			return goBuild(ctx, filepath.Join(s.tree(), "usr/bin/kairos-agent"), standIn)
		},
		s.finish,
		func(ctx context.Context) error {
			_, err := process.Output(ctx, "tar", "-C", s.tree(), "--numeric-owner", "--sort=name", "-I", "zstd -q -1", "-cf", s.Layer, ".")
			return err
		},
	} {
		if err := step(ctx); err != nil {
			return s, fmt.Errorf("building the container's system: %w", err)
		}
	}
	return s, nil
}

// standIn plays kairos-agent's part in an upgrade.
const standIn = "./internal/kairos/standin"

func (s System) unpack(ctx context.Context) error {
	tar, err := Rootfs(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.tree(), 0o755); err != nil {
		return err
	}
	_, err = process.Output(ctx, "tar", "-C", s.tree(), "--numeric-owner", "-xpf", tar)
	return err
}

func (s System) finish(ctx context.Context) error {
	script := filepath.Join(s.Dir, "finish.sh")
	if err := os.WriteFile(script, []byte(finishScript), 0o755); err != nil {
		return err
	}
	_, err := process.Output(ctx, script, s.tree())
	return err
}

// goBuild builds a program of this module.
func goBuild(ctx context.Context, output, pkg string, tags ...string) error {
	root, err := process.Output(ctx, "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return fmt.Errorf("looking for the checkout: %w", err)
	}
	dir := strings.TrimSpace(string(root))
	if dir == "" {
		return errors.New("looking for the checkout: not inside of it")
	}
	_, err = process.Output(
		ctx, "env", "CGO_ENABLED=0", "go", "build", "-C", dir, "-trimpath", "-ldflags=-s -w",
		"-tags="+strings.Join(append([]string{"nogit", "nounpack"}, tags...), ","), "-o", output, pkg,
	)
	if err != nil {
		return fmt.Errorf("building %s: %w", pkg, err)
	}
	return nil
}
