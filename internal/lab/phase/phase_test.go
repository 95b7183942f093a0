package phase

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// diary notes what is asked of it. So many failures are the emulator's.
type diary struct {
	notes []string
	lost  int
}

func (d *diary) Lost() error {
	if d.lost == 0 {
		return nil
	}
	d.lost--
	return errors.New("the emulator hangs")
}

func (d *diary) Keep(_ context.Context, phase string) error {
	d.notes = append(d.notes, "keep "+phase)
	return nil
}

func (d *diary) Restore(_ context.Context, phase string) error {
	d.notes = append(d.notes, "restore "+phase)
	return nil
}

func (d *diary) phase(name string, err error) Phase {
	return Phase{Name: name, Shows: name + " works", Expected: time.Minute, Run: func(context.Context) error {
		d.notes = append(d.notes, "run "+name)
		return err
	}}
}

func run(t *testing.T, d *diary, s Selection, failing error) ([]Timing, error) {
	t.Helper()
	report := NewReporter(&bytes.Buffer{})
	defer report.Close()
	phases := []Phase{d.phase("install", nil), d.phase("v1", nil), d.phase("v2", failing), d.phase("v3", nil)}
	return Run(t.Context(), phases, s, d, report)
}

func TestAllInOrderEachKept(t *testing.T) {
	d := &diary{}
	timings, err := run(t, d, Selection{}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"run install", "keep install", "run v1", "keep v1", "run v2", "keep v2", "run v3", "keep v3"}, d.notes)
	require.Len(t, timings, 4)
}

func TestFromAndOnlyStartOnWhatWasKept(t *testing.T) {
	d := &diary{}
	timings, err := run(t, d, Selection{From: "v2"}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"restore v1", "run v2", "keep v2", "run v3", "keep v3"}, d.notes)
	require.Equal(t, Kept, timings[0].Result)
	require.Equal(t, Passed, timings[3].Result)

	d = &diary{}
	_, err = run(t, d, Selection{Only: "v1"}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"restore install", "run v1", "keep v1"}, d.notes)

	d = &diary{}
	_, err = run(t, d, Selection{From: "v1", Until: "v2"}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"restore install", "run v1", "keep v1", "run v2", "keep v2"}, d.notes)

	_, err = run(t, d, Selection{From: "v2", Until: "v1"}, nil)
	require.ErrorContains(t, err, "v2", "it is not among those up to v1")
	_, err = run(t, d, Selection{Until: "v9"}, nil)
	require.ErrorContains(t, err, "v9")
	_, err = run(t, d, Selection{From: "v9"}, nil)
	require.ErrorContains(t, err, "v9")
	_, err = run(t, d, Selection{From: "v1", Only: "v1"}, nil)
	require.ErrorContains(t, err, "exclude")
}

func TestAFailureEndsTheRunAndIsNotKept(t *testing.T) {
	d := &diary{}
	timings, err := run(t, d, Selection{}, errors.New("no healthy service"))
	require.ErrorContains(t, err, "phase v2: no healthy service")
	require.Equal(t, "run v2", d.notes[len(d.notes)-1])
	require.Equal(t, Failed, timings[len(timings)-1].Result)
}

// What the emulator lost is run again from where the phase began, and told; a failure of the host is not,
// and an emulator that never works ends the run.
func TestAPhaseThatTheEmulatorLostIsRunAgain(t *testing.T) {
	for name, c := range map[string]struct {
		lost  int
		notes []string
	}{
		"not lost":    {0, []string{"keep v1", "run v2"}},
		"lost once":   {1, []string{"run v2", "restore v1", "run v2"}},
		"always lost": {9, []string{"run v2", "restore v1", "run v2", "restore v1", "run v2"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := &diary{lost: c.lost}
			timings, err := run(t, d, Selection{}, errors.New("no answer"))
			require.ErrorContains(t, err, "no answer")
			require.Equal(t, c.notes, d.notes[len(d.notes)-len(c.notes):])
			require.Equal(t, Failed, timings[len(timings)-1].Result)
			runs := min(c.lost, maxLost)
			require.Len(t, timings, 3+runs)
			for _, timing := range timings[2 : 2+runs] {
				require.Equal(t, Lost, timing.Result)
			}
		})
	}
}

func TestAPhaseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		report := NewReporter(&bytes.Buffer{})
		defer report.Close()
		endless := Phase{Name: "endless", Expected: time.Minute, Run: func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}}
		_, err := Run(t.Context(), []Phase{endless}, Selection{}, &diary{}, report)
		require.ErrorContains(t, err, "limit of 7m0s")
	})
}

func TestNeverSilentForLongerThanTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		report := NewReporter(&out)
		slow := Phase{Name: "slow", Expected: time.Minute, Run: func(context.Context) error {
			report.Say("waiting for the machine")
			report.Say("waiting for the machine")
			<-time.After(35 * time.Second)
			return nil
		}}
		_, err := Run(t.Context(), []Phase{slow}, Selection{}, &diary{}, report)
		require.NoError(t, err)
		report.Close()
		require.Equal(t, 4, strings.Count(out.String(), "waiting for the machine"), out.String())
		require.Contains(t, out.String(), "30s of about 1m0s")
	})
}

func TestTableHasALineForEachPhaseAndTheSum(t *testing.T) {
	var out bytes.Buffer
	Table(&out, []Timing{{Phase: "install", Elapsed: 100, Result: Passed}, {Phase: "v1", Elapsed: 50, Result: Failed}})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 4)
	require.Contains(t, lines[3], "150 s")
}
