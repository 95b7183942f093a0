package kairos

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kairos-io/kairos-sdk/constants"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
)

// snippet is our rule in GRUB's language. It lies on COS_STATE, not in an image: grub.cfg reaches
// a disk only at install and reset, this file can be made new at any time.
//
//go:embed boot/stylet_boot.cfg
var snippet []byte

// Snippet is the content of SnippetFile.
func Snippet() []byte { return bytes.Clone(snippet) }

// installMount is where kairos-agent mounts COS_STATE while it installs and resets.
const installMount = "/run/cos/state"

// PrepareBoot puts the boot environment and the snippet on COS_STATE, and returns when GRUB can
// see them. What is there and in order stays. With an empty stateDir it takes COS_STATE where it is
// mounted: by kairos-agent, which calls this from a stage, or on the running host; else it mounts it
// by its label for the time.
func PrepareBoot(ctx context.Context, runner command.Runner, stateDir string) error {
	host := Host{Runner: runner}
	switch {
	case stateDir != "":
		return prepareBootDir(stateDir)
	case mounted(installMount):
		return prepareBootDir(installMount)
	case mounted(host.stateDir()):
		return host.PrepareBoot(ctx)
	}
	dir, err := os.MkdirTemp("", "stylet-state-")
	if err != nil {
		return fmt.Errorf("preparing the boot files: %w", err)
	}
	err = withMount(ctx, runner, "LABEL="+constants.StateLabel, dir, "rw", func() error { return prepareBootDir(dir) })
	return errors.Join(err, os.Remove(dir))
}

// PrepareBoot is the same for a running host, whose COS_STATE is mounted read-only. It writes
// nothing when all is in order, as after nearly every commit, which calls it.
func (h Host) PrepareBoot(ctx context.Context) error {
	if bootDirReady(h.stateDir()) {
		return nil
	}
	return h.withStateWritable(ctx, func() error { return prepareBootDir(h.stateDir()) })
}

func bootDirReady(dir string) bool {
	_, envErr := ReadBootEnv(filepath.Join(dir, EnvFile))
	have, snippetErr := os.ReadFile(filepath.Join(dir, SnippetFile))
	return envErr == nil && snippetErr == nil && bytes.Equal(have, snippet)
}

func prepareBootDir(dir string) error {
	if _, err := Repair(filepath.Join(dir, EnvFile)); err != nil {
		return fmt.Errorf("preparing the boot files: %w", err)
	}
	path := filepath.Join(dir, SnippetFile)
	if have, err := os.ReadFile(path); err != nil || !bytes.Equal(have, snippet) {
		if err := writeFile(path, snippet); err != nil {
			return fmt.Errorf("preparing the boot files: %w", err)
		}
	}
	return durable.SyncFS(dir)
}

// withMount mounts for the time of one call, and unmounts also when the caller gives up.
func withMount(ctx context.Context, runner command.Runner, what, where, options string, use func() error) error {
	if err := run(ctx, runner, "mount", "-o", options, what, where); err != nil {
		return err
	}
	err := use()
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return errors.Join(err, run(after, runner, "umount", where))
}

// run runs one of the small programs; its name is the run's.
func run(ctx context.Context, runner command.Runner, argv ...string) error {
	_, err := runner.Run(ctx, command.Spec{Name: argv[0], Argv: argv, Timeout: 10 * time.Minute})
	if err != nil {
		return fmt.Errorf("running %s: %w", argv[0], err)
	}
	return nil
}
