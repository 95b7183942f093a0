package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/agent/userdata"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// machine observes a Kairos host.
type machine struct {
	host       kairos.Host
	state      *durable.Root
	runtimeDir string
	// info says which host this is.
	info func() v1alpha1.HostInfo
}

var _ lifecycle.Observer = machine{}

// Observe reads the machine. What cannot be read is told as a problem of the host, not as an
// error, as long as it is known which slot runs.
func (m machine) Observe(ctx context.Context) (lifecycle.Seen, error) {
	slot, err := m.host.Slot()
	if err != nil {
		return lifecycle.Seen{}, err
	}
	seen := lifecycle.Seen{Slot: slot, Host: m.info()}
	note := func(err error) {
		if err != nil {
			seen.Problems = append(seen.Problems, err.Error())
		}
	}
	seen.Image, err = m.host.Running()
	note(err)
	env, err := m.host.Env()
	note(err)
	seen.Boot = lifecycle.Boot{Trial: env.Trial, Try: env.Try, Good: env.Good, Failed: env.Failed}
	seen.BootID, err = bootID()
	note(err)
	seen.Uptime, err = uptime()
	note(err)
	seen.BootedAt = time.Now().Add(-seen.Uptime).Truncate(time.Second)
	if slot == "active" || slot == "passive" {
		room, err := m.host.StateRoom(ctx)
		note(err)
		if seen.MaxImageSize = room.Largest; err != nil {
			seen.MaxImageSize = -1
		}
	}
	note(m.verdict(&seen))
	note(m.bootProblem())
	note(m.cardProblem())
	note(userdata.Store{State: m.state}.Undone())
	return seen, nil
}

func (m machine) verdict(seen *lifecycle.Seen) error {
	var f lifecycle.Failure
	err := m.state.ReadJSON(lifecycle.VerdictFile, &f)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		seen.Verdict = &f
	}
	return err
}

// cardProblem gives what learnCards has noted.
func (m machine) cardProblem() error {
	data, err := os.ReadFile(filepath.Join(m.runtimeDir, cardProblemFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading what is known of the network cards: %w", err)
	}
	return errors.New(strings.TrimSpace(string(data)))
}

// bootProblem gives what the boot hook could not do; its errors do not stop a boot.
func (m machine) bootProblem() error {
	data, err := os.ReadFile(m.runtimeDir + "/" + bootProblemFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading what the boot reported: %w", err)
	}
	return fmt.Errorf("at boot: %s", strings.TrimSpace(string(data)))
}

// bootID gives the kernel's name for this boot.
func bootID() (string, error) {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("reading the boot ID: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}

// uptime gives the time since the boot began, by a clock that nobody sets.
func uptime() (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0, fmt.Errorf("reading the time since boot: %w", err)
	}
	return time.Duration(ts.Nano()), nil
}
