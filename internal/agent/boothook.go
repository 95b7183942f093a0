package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
)

const (
	bootProblemFile = "boot-problem"
	trialFile       = "trial"
)

// BootHook runs at each boot, before the real root's systemd, as Kairos' event agent.boot: it lays
// the configuration of the running revision over the image and sets the deadline timer of a
// trial. It asks nobody and writes nothing that survives the boot.
type BootHook struct {
	Settings settings.Settings
	Host     kairos.Host
	// Root is where configuration is written and UnitDir where the timer's drop-in goes; the
	// system's own for a zero value.
	Root, UnitDir string
}

// Run does the work. Its error, which must not stop the boot, is left for the agent to tell.
func (b BootHook) Run(context.Context, string) error {
	if err := os.MkdirAll(b.Settings.RuntimeDir, 0o755); err != nil {
		return fmt.Errorf("making the runtime directory: %w", err)
	}
	err := b.apply()
	if err != nil {
		name := filepath.Join(b.Settings.RuntimeDir, bootProblemFile)
		err = errors.Join(err, volatile(name, err.Error()+"\n"))
	}
	return err
}

func (b BootHook) apply() error {
	state, err := durable.Open(b.Settings.StateDir)
	if err != nil {
		return err
	}
	defer state.Close()
	var j lifecycle.Journal
	if err := state.ReadJSON(lifecycle.JournalFile, &j); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing was ever wanted of this host
		}
		return err
	}
	seen, err := b.look()
	if err != nil {
		return err
	}
	if j.Trial.OnTrial(seen) {
		if err := b.setDeadline(*j.Trial); err != nil {
			return err
		}
	}
	revision := j.Running(seen)
	if revision.Config == "" {
		return nil
	}
	var rendered actions.Rendered
	if err := state.ReadJSON(actions.RenderedFile(revision), &rendered); err != nil {
		return fmt.Errorf("reading the configuration of %s: %w", revision.ID().Short(), err)
	}
	return writeConfig(b.Root, rendered.Config)
}

func (b BootHook) look() (lifecycle.Seen, error) {
	slot, err := b.Host.Slot()
	if err != nil {
		return lifecycle.Seen{}, err
	}
	image, err := b.Host.Running()
	if err != nil {
		return lifecycle.Seen{}, err
	}
	env, err := b.Host.Env()
	return lifecycle.Seen{Slot: slot, Image: image, Boot: lifecycle.Boot{Trial: env.Trial, Try: env.Try}}, err
}

// setDeadline arms the static timer unit with the profile's own deadline.
func (b BootHook) setDeadline(t lifecycle.Trial) error {
	dir := b.UnitDir
	if dir == "" {
		dir = "/run/systemd/system"
	}
	dir = filepath.Join(dir, "stylet-trial.timer.d")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("setting the trial's deadline: %w", err)
	}
	seconds := strconv.Itoa(int(lifecycle.Deadline(t.Target).Seconds()))
	// The empty setting clears the default of the unit.
	dropIn := "[Timer]\nOnBootSec=" + "\nOnBootSec=" + seconds + "s\n"
	if err := volatile(filepath.Join(dir, "deadline.conf"), dropIn); err != nil {
		return fmt.Errorf("setting the trial's deadline: %w", err)
	}
	name := filepath.Join(b.Settings.RuntimeDir, trialFile)
	if err := volatile(name, string(t.Target.Revision.ID())+"\n"); err != nil {
		return fmt.Errorf("setting the trial's deadline: %w", err)
	}
	return nil
}

// volatile writes a file on /run, which ends with the boot: there is nothing to sync.
func volatile(name, text string) error {
	return os.WriteFile(name, []byte(text), 0o644) //nolint:forbidigo // not durable, and told to everyone
}

// writeConfig writes the files below /etc, which is new at each boot.
func writeConfig(rootDir string, config lifecycle.HostConfig) error {
	if len(config.Files) == 0 {
		return nil
	}
	if rootDir == "" {
		rootDir = "/"
	}
	root, err := os.OpenRoot(rootDir)
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	defer root.Close()
	for _, f := range config.Files {
		name := strings.TrimPrefix(filepath.Clean(f.Path), "/")
		if !strings.HasPrefix(name, "etc/") {
			return fmt.Errorf("writing the configuration: %s is not below /etc", f.Path)
		}
		mode, err := strconv.ParseUint("0"+f.Mode, 8, 9)
		if err != nil {
			return fmt.Errorf("writing %s: its mode %q is not octal", f.Path, f.Mode)
		}
		if mode == 0 {
			mode = 0o644
		}
		if err := writeConfigFile(root, name, []byte(f.Content), fs.FileMode(mode)); err != nil {
			return fmt.Errorf("writing %s: %w", f.Path, err)
		}
	}
	return nil
}

func writeConfigFile(root *os.Root, name string, data []byte, mode fs.FileMode) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := root.WriteFile(name, data, mode); err != nil {
		return err
	}
	return root.Chmod(name, mode)
}
