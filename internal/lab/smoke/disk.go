package smoke

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lab/process"
	"github.com/stylet-edge/stylet/internal/lab/reader"
)

//go:embed install.sh
var installScript string

//go:embed swap.sh
var swapScript string

// diskSize is that of the raw disk: room for images, not for the probe, which does not run here.
const diskSize = 20 << 30

// makeDisk writes a disk whose active image is the given one.
func (s *Smoke) makeDisk(ctx context.Context, image string) error {
	s.report.Say("writing a disk: partitions, boot loader, image, user-data")
	if err := os.RemoveAll(s.disk); err != nil {
		return err
	}
	file, err := os.OpenFile(s.disk, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if err := file.Truncate(diskSize); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	_, err = process.Output(
		ctx, "sgdisk", "--clear", "-n", "1:2048:+64M", "-t", "1:ef00", "-c", "1:efi", "-n", "2:0:+64M", "-c", "2:oem",
		"-n", "3:0:+64M", "-c", "3:recovery", "-n", "4:0:+7G", "-c", "4:state", "-n", "5:0:0", "-c", "5:persistent", s.disk,
	)
	if err != nil {
		return err
	}
	boot := filepath.Join(s.dir, "boot")
	if err := os.MkdirAll(boot, 0o755); err != nil {
		return err
	}
	if err := kairos.PrepareBoot(ctx, command.Local{}, boot); err != nil {
		return err
	}
	return s.script(ctx, installScript, s.disk, image, filepath.Join(s.in.Repo, "testdata", "smoke", "user-data.yaml"), boot)
}

// swapIn makes the present image passive, another one active, and writes the boot environment.
func (s *Smoke) swapIn(ctx context.Context, image string, env kairos.BootEnv) error {
	block, err := env.Encode()
	if err != nil {
		return err
	}
	file := filepath.Join(s.dir, "environment")
	if err := os.WriteFile(file, block, 0o644); err != nil {
		return err
	}
	return s.script(ctx, swapScript, s.disk, image, file)
}

// script runs one of the scripts with the partitions of the disk in its environment.
func (s *Smoke) script(ctx context.Context, text string, args ...string) error {
	parts, err := reader.Partitions(s.disk)
	if err != nil {
		return err
	}
	var env []string
	for _, p := range parts {
		env = append(env, fmt.Sprintf("%s=%d %d", strings.ToUpper(p.Name), p.Offset, p.Bytes))
	}
	var said strings.Builder
	err = process.Run(ctx, process.Spec{
		Argv: append([]string{"unshare", "--mount", "--", "bash", "-c", text, "script"}, args...),
		Env:  env, Stdout: &said, Stderr: &said,
	})
	if err != nil {
		return fmt.Errorf("writing the disk: %s: %s", err, said.String()) //nolint:errorlint // the command line in it is a whole script
	}
	return nil
}
