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
	"github.com/stylet-edge/stylet/internal/agent/userdata"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/version"
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

// BootHook runs at each boot, before the real root's systemd, as Kairos' event agent.boot: it brings
// COS_OEM the user-data of the running revision, lays the site's properties and the revision's
// configuration over the image, and sets the deadline timer of a trial. It asks nobody.
type BootHook struct {
	Settings settings.Settings
	Host     kairos.Host
	// Root is where configuration is written and UnitDir where the timer's drop-in goes; the
	// system's own for a zero value.
	Root, UnitDir string
	// SetClock sets the clock forward; the kernel's for nil.
	SetClock func(time.Time) error
}

// Run does the work. Its error, which must not stop the boot, is left for the agent to tell.
func (b BootHook) Run(ctx context.Context, _ string) error {
	if err := os.MkdirAll(b.Settings.RuntimeDir, 0o755); err != nil {
		return fmt.Errorf("making the runtime directory: %w", err)
	}
	err := b.apply(ctx)
	if err != nil {
		name := filepath.Join(b.Settings.RuntimeDir, bootProblemFile)
		err = errors.Join(err, volatile(name, err.Error()+"\n"))
	}
	return err
}

// apply goes on after what fails: a host without its revision's files still needs its network.
func (b BootHook) apply(ctx context.Context) error {
	state, err := durable.Open(b.Settings.StateDir)
	if err != nil {
		return err
	}
	defer state.Close()
	b.passTime()
	rendered, err := b.revision(state)
	problems := []error{err, b.properties(ctx, state, rendered), writeConfig(b.Root, rendered.Config)}
	if err := errors.Join(problems...); err != nil || rendered.Revision.Config == "" {
		return err
	}
	if err := volatile(filepath.Join(b.Settings.RuntimeDir, configuredFile), string(rendered.Revision.ID())+"\n"); err != nil {
		return fmt.Errorf("noting that the configuration is there: %w", err)
	}
	return nil
}

// passTime sets a clock that was lost with the power to the newest time that has passed for sure: close
// enough for certificates on a host that was off for a night. That it cannot be set is no reason to tell
// anybody: a time server will.
func (b BootHook) passTime() {
	set := b.SetClock
	if set == nil {
		set = setClock
	}
	if at, ok := timePassed(time.Now(), version.Released(), lastWritten(b.Settings.StateDir)); ok {
		_ = set(at)
	}
}

// revision gives what was rendered for the running revision, nothing for the installer's image, and sets
// the deadline of a trial.
func (b BootHook) revision(state *durable.Root) (actions.Rendered, error) {
	var j lifecycle.Journal
	if err := state.ReadJSON(lifecycle.JournalFile, &j); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // nothing was ever wanted of this host
		}
		return actions.Rendered{}, err
	}
	seen, err := b.look()
	if err != nil {
		return actions.Rendered{}, err
	}
	var deadline error
	if j.Trial.OnTrial(seen) {
		deadline = b.setDeadline(*j.Trial)
	}
	revision := j.Running(seen)
	if revision.Config == "" {
		return actions.Rendered{}, deadline
	}
	var rendered actions.Rendered
	if err := state.ReadJSON(actions.RenderedFile(revision), &rendered); err != nil {
		return actions.Rendered{}, errors.Join(deadline, fmt.Errorf("reading the configuration of %s: %w", revision.ID().Short(), err))
	}
	return rendered, deadline
}

// properties lays over the image what the user-data says of the host: that of the revision, or, for the
// installer's image, what is on COS_OEM.
func (b BootHook) properties(ctx context.Context, state *durable.Root, of actions.Rendered) error {
	store := userdata.Store{OEMDir: b.Settings.UserDataDir, State: state}
	var wanted userdata.Wanted
	var restored, err error
	if of.Revision.Config == "" {
		wanted, err = store.InForce(ctx)
	} else {
		restored = store.Restore(of.Config.UserData)
		wanted, err = store.Of(ctx, of.Config.UserData)
	}
	root := b.Root
	if root == "" {
		root = "/"
	}
	return errors.Join(restored, err, layProperties(root, b.Settings.UserDataDir, wanted.Site.Site, readCards(state)))
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
