package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// Action is one idempotent effect on the machine. Do may be called again after a cut at any
// instant, and then brings about the same state; Done tells whether that state is there.
type Action interface {
	Done(ctx context.Context, call Call) (bool, error)
	Do(ctx context.Context, call Call) error
}

// Call is what an action is given.
type Call struct {
	Plan Plan
	Step Step
	// Index is the step's place in the plan, Attempt counts the failures before this call.
	Index, Attempt int
	// StartedBoot is the boot in which the step's intent was recorded, BootID the present one.
	StartedBoot, BootID string
	// Report tells progress in bytes; a zero total is unknown. Never nil.
	Report func(done, total int64)
}

// Input decodes the step's input.
func (c Call) Input(into any) error {
	if len(c.Step.Input) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.Step.Input, into); err != nil {
		return fmt.Errorf("reading the input of %s: %w", c.Step.Action, err)
	}
	return nil
}

// codeUnknownAction is the code of a step that this version of stylet does not know.
const codeUnknownAction = "plan.unknown-action"

// Actions is the set of actions an engine can carry out.
type Actions map[ActionName]Action

// Find gives the action of a step. A journal written by a newer agent may name one that this
// agent does not have.
func (a Actions) Find(name ActionName) (Action, error) {
	if action, ok := a[name]; ok {
		return action, nil
	}
	return nil, fault.New(fault.Internal, codeUnknownAction,
		"nothing: the journal was written by a newer stylet; this one makes its own plan, at the end of the trial if there is one",
		"this stylet has no action %q", name)
}

// Run carries out one step where it is called: nothing if it is done already.
func (a Actions) Run(ctx context.Context, call Call) error {
	action, err := a.Find(call.Step.Action)
	if err != nil {
		return err
	}
	done, err := action.Done(ctx, call)
	if err != nil {
		return fmt.Errorf("looking whether %s is done: %w", call.Step.Action, err)
	}
	if done {
		return nil
	}
	if err := action.Do(ctx, call); err != nil {
		return fmt.Errorf("%s: %w", call.Step.Action, err)
	}
	return nil
}
