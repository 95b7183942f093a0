package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/version"
	"github.com/stylet-edge/stylet/internal/lifecycle"
)

const (
	// synchronized is there once systemd-timesyncd has heard a time server (systemd-timesyncd.service(8)).
	synchronized = "/run/systemd/timesync/synchronized"
	// clockLife bounds a hint: no host of this release runs longer without an upgrade. RTCs that lost their
	// battery and servers that lie tell times far beyond.
	clockLife = 15 * 365 * 24 * time.Hour
)

// ClockHint is a time that somebody told, and what it is held against.
type ClockHint struct {
	Now, Hint time.Time
	// Floor is a time that has passed for sure: the release.
	Floor time.Time
	// Synchronized tells that a time server has set the clock: nobody else knows better.
	Synchronized bool
}

// Accept says why the hint is not taken, nil if it is. The clock is only ever set forward: what is behind
// the host's own memory is wrong.
func (h ClockHint) Accept() error {
	switch {
	case h.Synchronized:
		return fault.New(fault.Refused, "clock.synchronized", "look at the time servers (site.ntpServers)", "the clock follows a time server")
	case !h.Hint.After(h.Now):
		return fault.New(fault.Refused, "clock.backwards", "", "the hint %s is not after this host's %s", day(h.Hint), day(h.Now))
	case h.Hint.Before(h.Floor):
		return fault.New(fault.Refused, "clock.past", "", "the hint %s is before %s, which has passed", day(h.Hint), day(h.Floor))
	case h.Hint.After(h.Floor.Add(clockLife)):
		return fault.New(fault.Refused, "clock.future", "", "the hint %s is too far from %s", day(h.Hint), day(h.Floor))
	}
	return nil
}

func day(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// SetClock sets the clock to a hint, if it may be taken: `stylet clock set`.
func SetClock(hint time.Time) error {
	_, err := os.Stat(synchronized)
	h := ClockHint{Now: time.Now(), Hint: hint, Floor: version.Released(), Synchronized: err == nil}
	if err := h.Accept(); err != nil {
		return err
	}
	return setClock(hint)
}

func setClock(to time.Time) error {
	at := unix.NsecToTimespec(to.UnixNano())
	if err := unix.ClockSettime(unix.CLOCK_REALTIME, &at); err != nil {
		return fmt.Errorf("setting the clock: %w", err)
	}
	return nil
}

// timePassed says what a clock that was lost is set to: it is before the release of this stylet, and what
// was written here last is the newest time that has passed. A clock that is behind the release for no reason
// of its own is not touched by what a wrong one wrote: that is in the future of every release.
func timePassed(now, released, written time.Time) (time.Time, bool) {
	if !now.Before(released) {
		return time.Time{}, false
	}
	if written.Before(released) || written.After(released.Add(clockLife)) {
		return released, true
	}
	return written, true
}

// lastWritten is when the journal was written last: the host was there.
func lastWritten(stateDir string) time.Time {
	state, err := durable.Open(stateDir)
	if err != nil {
		return time.Time{}
	}
	defer state.Close()
	info, err := state.Stat(lifecycle.JournalFile)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// clockKeeper mends the clock of a host that no certificate is valid for.
type clockKeeper struct {
	units   command.Runner
	program string
}

// askedTime tells what time a registry says it is.
type askedTime interface {
	ServerTime(ctx context.Context, reference string) (time.Time, error)
}

// mend sets the clock from the registry's own word, if the error is one that a wrong clock causes, and
// tells whether it did.
func (k clockKeeper) mend(ctx context.Context, cause error, registry askedTime, reference string) (bool, error) {
	if k.units == nil || fault.CodeOf(cause) != "registry.tls" {
		return false, nil
	}
	hint, err := registry.ServerTime(ctx, reference)
	if err != nil {
		return false, nil //nolint:nilerr // no hint: what was wrong before is still the thing to tell
	}
	_, err = k.units.Run(ctx, command.Spec{
		Name: "clock", Fresh: true, Argv: []string{k.program, "clock", "set", day(hint)},
		Timeout: commandTimeout, Sandbox: command.SandboxClock,
	})
	var refused *command.ExitError
	if errors.As(err, &refused) {
		return false, nil // the clock is right, or the hint is not
	}
	return err == nil, err
}
