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
	"time"

	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const (
	bootProblemFile = "boot-problem"
	// configuredFile holds the revision whose configuration was laid over the image, whole.
	configuredFile = "configuration"
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
	var deadline error
	if j.Trial.OnTrial(seen) {
		deadline = b.setDeadline(*j.Trial)
	}
	return errors.Join(deadline, b.configure(state, j.Running(seen)))
}

// configure lays a revision's configuration over the image, and notes that it did.
func (b BootHook) configure(state *durable.Root, revision v1alpha1.Revision) error {
	if revision.Config == "" {
		return nil
	}
	id := revision.ID()
	var rendered actions.Rendered
	if err := state.ReadJSON(actions.RenderedFile(revision), &rendered); err != nil {
		return fmt.Errorf("reading the configuration of %s: %w", id.Short(), err)
	}
	if err := writeConfig(b.Root, rendered.Config); err != nil {
		return err
	}
	if err := volatile(filepath.Join(b.Settings.RuntimeDir, configuredFile), string(id)+"\n"); err != nil {
		return fmt.Errorf("noting that the configuration is there: %w", err)
	}
	return nil
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

// setDeadline gives the static timer unit, which the boot loader's word on the kernel's command line
// starts, the profile's own deadline.
func (b BootHook) setDeadline(t lifecycle.Trial) error {
	dir := b.UnitDir
	if dir == "" {
		dir = "/run/systemd/system"
	}
	dir = filepath.Join(dir, "stylet-trial.timer.d")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("setting the trial's deadline: %w", err)
	}
	seconds := strconv.Itoa(int((lifecycle.Deadline(t.Target) + timerGrace).Seconds()))
	// The empty setting clears the default of the unit.
	dropIn := "[Timer]\nOnBootSec=" + "\nOnBootSec=" + seconds + "s\n"
	if err := volatile(filepath.Join(dir, "deadline.conf"), dropIn); err != nil {
		return fmt.Errorf("setting the trial's deadline: %w", err)
	}
	return nil
}

// timerGrace is how much later than the agent the timer acts: an agent that works knows which gate
// was still waited for.
const timerGrace = 30 * time.Second

// volatile writes a file on /run, which ends with the boot: there is nothing to sync.
func volatile(name, text string) error {
	return os.WriteFile(name, []byte(text), 0o644) //nolint:forbidigo // not durable, and told to everyone
}

// writeConfig writes the files below /etc, which is new at each boot. What cannot be written is
// told, and does not cost the host the other files.
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
	var problems []error
	for _, f := range config.Files {
		if err := writeConfigFile(root, f); err != nil {
			problems = append(problems, fmt.Errorf("writing %s: %w", f.Path, err))
		}
	}
	return errors.Join(problems...)
}

func writeConfigFile(root *os.Root, f v1alpha1.File) error {
	name := strings.TrimPrefix(filepath.Clean(f.Path), "/")
	if !strings.HasPrefix(name, "etc/") {
		return errors.New("it is not below /etc")
	}
	mode, err := f.FileMode()
	if err != nil {
		return err
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := root.WriteFile(name, []byte(f.Content), mode); err != nil {
		return err
	}
	return root.Chmod(name, mode)
}
