package agent

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
)

// Requirement: A3
func TestWhichHintsAreTaken(t *testing.T) {
	lost := time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC)
	floor := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		hint ClockHint
		code string
	}{
		"a clock that was lost":  {ClockHint{Now: lost, Hint: floor.AddDate(0, 1, 0), Floor: floor}, ""},
		"a time server knows":    {ClockHint{Now: lost, Hint: floor.AddDate(0, 1, 0), Floor: floor, Synchronized: true}, "clock.synchronized"},
		"never back":             {ClockHint{Now: floor.AddDate(1, 0, 0), Hint: floor.AddDate(0, 1, 0), Floor: floor}, "clock.backwards"},
		"before what has passed": {ClockHint{Now: lost, Hint: floor.AddDate(0, -1, 0), Floor: floor}, "clock.past"},
		"a lie":                  {ClockHint{Now: lost, Hint: floor.AddDate(30, 0, 0), Floor: floor}, "clock.future"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.hint.Accept()
			if c.code == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, c.code, fault.CodeOf(err))
		})
	}
}

// Requirement: A3
func TestABootPassesTheTimeThatHasPassed(t *testing.T) {
	released := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	lost, right, written := time.Unix(60, 0), released.AddDate(0, 1, 0), released.AddDate(0, 0, 20)
	for name, c := range map[string]struct{ now, written, want time.Time }{
		"lost":                              {lost, written, written},
		"right":                             {right, written, time.Time{}},
		"right, after one that was far off": {right, released.AddDate(73, 0, 0), time.Time{}},
		"lost, after one that was far off":  {lost, released.AddDate(73, 0, 0), released},
		"lost, with nothing written as yet": {lost, time.Time{}, released},
		"a release that nobody knows":       {lost, written, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			at := released
			if name == "a release that nobody knows" {
				at = time.Time{}
			}
			to, ok := timePassed(c.now, at, c.written)
			require.Equal(t, !c.want.IsZero(), ok)
			require.Equal(t, c.want, to)
		})
	}
}

type toldTime struct{ err error }

func (s toldTime) ServerTime(context.Context, string) (time.Time, error) {
	return time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC), s.err
}

type runs struct {
	specs []command.Spec
	err   error
}

func (r *runs) Run(_ context.Context, spec command.Spec) (command.Result, error) {
	r.specs = append(r.specs, spec)
	return command.Result{}, r.err
}

// Requirement: A3
func TestTheClockIsMendedBeforeTLSIsGivenUp(t *testing.T) {
	tls := fault.New(fault.Input, "registry.tls", "", "not yet valid")
	silent := fault.New(fault.Retry, "registry.unreachable", "", "no")
	for name, c := range map[string]struct {
		cause, hint, unit error
		mended            bool
		asked             int
	}{
		"by a hint":            {cause: tls, mended: true, asked: 1},
		"not for other faults": {cause: silent},
		"nobody tells":         {cause: tls, hint: errors.New("no hint")},
		"the hint is refused":  {cause: tls, unit: &command.ExitError{}, asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			units := &runs{err: c.unit}
			mended, err := clockKeeper{units: units, program: "/usr/bin/stylet"}.mend(t.Context(), c.cause, toldTime{c.hint}, "r.example/a:1")
			require.NoError(t, err)
			require.Equal(t, c.mended, mended)
			require.Len(t, units.specs, c.asked)
			if c.asked > 0 {
				require.Equal(t, []string{"/usr/bin/stylet", "clock", "set", "2027-01-02T03:04:05Z"}, units.specs[0].Argv)
				require.Equal(t, command.SandboxClock, units.specs[0].Sandbox)
			}
		})
	}
	_, err := clockKeeper{units: &runs{err: errors.New("no systemd")}}.mend(t.Context(), tls, toldTime{}, "")
	require.Error(t, err)
}
