// Package phase runs a long proof as named phases: what each shows, how long it should take, what
// it is doing right now, and how it ended. A run can resume after any phase that was kept.
package phase

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Phase is one part of a proof. Phases run in their order; each starts from what the one before
// left.
type Phase struct {
	// Name is short, for the command line and file names.
	Name string
	// Shows says in one sentence what the phase proves.
	Shows string
	// Expected is how long it takes on two quiet cores without KVM.
	Expected time.Duration
	// Run does it. Progress is told through the reporter that the phase was built with.
	Run func(ctx context.Context) error
}

// patience is how many times longer than expected a phase may take before it is given up.
const patience = 5

// Limit bounds a phase.
func (p Phase) Limit() time.Duration { return patience*p.Expected + 2*time.Minute }

// Result is how a phase ended.
type Result string

// The results.
const (
	Passed Result = "passed"
	Failed Result = "FAILED"
	Kept   Result = "kept" // from an earlier run
	Lost   Result = "lost" // by the emulator's fault, and run again
)

// Timing is one line of the closing table.
type Timing struct {
	Phase    string  `json:"phase"`
	Shows    string  `json:"shows"`
	Expected float64 `json:"expectedSeconds"`
	Elapsed  float64 `json:"elapsedSeconds"`
	Result   Result  `json:"result"`
}

// Keeper keeps the state behind a phase, so that a later run can go on from there.
type Keeper interface {
	// Keep keeps the state as it is now, under the phase's name.
	Keep(ctx context.Context, phase string) error
	// Restore makes the state what it was when it was kept.
	Restore(ctx context.Context, phase string) error
	// Lost says why the machine cannot be blamed for the failure of the phase that has just ended: its
	// emulator failed. Nil otherwise.
	Lost() error
}

// Selection says which phases to run; the zero Selection runs all.
type Selection struct {
	// From is the first phase to run, on what the phase before it left.
	From string
	// Only runs this phase alone.
	Only string
	// Until is the last phase to run.
	Until string
}

// Select splits the phases into those taken from an earlier run and those to run.
func Select(phases []Phase, s Selection) (kept, run []Phase, err error) {
	if phases, err = upTo(phases, s.Until); err != nil {
		return nil, nil, err
	}
	name := s.From
	if s.Only != "" {
		if s.From != "" {
			return nil, nil, errors.New("--from and --only exclude one another")
		}
		name = s.Only
	}
	if name == "" {
		return nil, phases, nil
	}
	for i, p := range phases {
		if p.Name != name {
			continue
		}
		if s.Only != "" {
			return phases[:i], phases[i : i+1], nil
		}
		return phases[:i], phases[i:], nil
	}
	return nil, nil, fmt.Errorf("there is no phase %q", name)
}

// upTo leaves out the phases behind the named one; without a name, none.
func upTo(phases []Phase, name string) ([]Phase, error) {
	if name == "" {
		return phases, nil
	}
	for i, p := range phases {
		if p.Name == name {
			return phases[:i+1], nil
		}
	}
	return nil, fmt.Errorf("there is no phase %q", name)
}

// Run runs the selected phases and stops at the first that fails. The timings cover all of them.
func Run(ctx context.Context, phases []Phase, s Selection, keeper Keeper, report *Reporter) ([]Timing, error) {
	kept, ahead, err := Select(phases, s)
	if err != nil {
		return nil, err
	}
	var timings []Timing
	for _, p := range kept {
		timings = append(timings, Timing{Phase: p.Name, Shows: p.Shows, Expected: p.Expected.Seconds(), Result: Kept})
	}
	if len(kept) > 0 {
		last := kept[len(kept)-1].Name
		if err := keeper.Restore(ctx, last); err != nil {
			return timings, fmt.Errorf("going back to the end of phase %s: %w", last, err)
		}
	}
	before := ""
	if len(kept) > 0 {
		before = kept[len(kept)-1].Name
	}
	for _, p := range ahead {
		some, err := runUntilNotLost(ctx, p, before, keeper, report)
		timings = append(timings, some...)
		if err != nil {
			return timings, fmt.Errorf("phase %s: %w", p.Name, err)
		}
		before = p.Name
	}
	return timings, nil
}

// maxLost is how often a phase is run again because of the emulator.
const maxLost = 2

// runUntilNotLost runs a phase, and again from the end of the phase before when the emulator lost it.
// The first phase makes its own beginning.
func runUntilNotLost(ctx context.Context, p Phase, before string, keeper Keeper, report *Reporter) ([]Timing, error) {
	var timings []Timing
	for again := 0; ; again++ {
		timing, err := runOne(ctx, p, keeper, report)
		timings = append(timings, timing)
		if err == nil || again == maxLost || ctx.Err() != nil {
			return timings, err
		}
		lost := keeper.Lost()
		if lost == nil {
			return timings, err
		}
		timings[again].Result = Lost
		report.Say("%v; the phase %s is run again from its beginning", lost, p.Name)
		if before == "" {
			continue
		}
		if err := keeper.Restore(ctx, before); err != nil {
			return timings, fmt.Errorf("going back to the end of phase %s: %w", before, err)
		}
	}
}

func runOne(ctx context.Context, p Phase, keeper Keeper, report *Reporter) (Timing, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.Limit(), fmt.Errorf("the phase's limit of %s is over", p.Limit()))
	defer cancel()
	began := report.begin(p)
	err := p.Run(ctx)
	if err == nil {
		err = keeper.Keep(ctx, p.Name)
	}
	timing := Timing{Phase: p.Name, Shows: p.Shows, Expected: p.Expected.Seconds(), Elapsed: time.Since(began).Seconds(), Result: Passed}
	if err != nil {
		timing.Result = Failed
	}
	report.end(timing)
	return timing, err
}
