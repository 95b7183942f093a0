package actions

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/lifecycle"
)

// InUnit carries out a step as `stylet step` in a transient unit, which neither shares the
// agent's sandbox nor ends with the agent. The unit's name is made of plan, step and attempt, so
// that a restarted agent finds the running step again instead of starting it twice.
type InUnit struct {
	Runner command.Runner
	// Program is the stylet binary; Env is handed on to it.
	Program string
	Env     []string
	// TranscriptDir receives what the step printed.
	TranscriptDir string
}

var _ lifecycle.Action = InUnit{}

// stepTimeout bounds a step. Composing and switching to an 8 GiB image under emulation, the
// slowest machine we know, takes a quarter of it.
const stepTimeout = time.Hour

// Done is left to the step itself.
func (a InUnit) Done(context.Context, lifecycle.Call) (bool, error) { return false, nil }

// Do runs the step and gives its error as the step itself gave it.
func (a InUnit) Do(ctx context.Context, call lifecycle.Call) error {
	if call.Step.Action == lifecycle.Restart && call.StartedBoot != call.BootID {
		return nil
	}
	name := stepName(call.Plan, call.Index, call.Attempt)
	_, err := a.Runner.Run(ctx, command.Spec{
		Name: name, Env: a.Env, Timeout: stepTimeout, Transcript: a.TranscriptDir + "/" + name + transcriptSuffix,
		Sandbox: sandbox(call.Step.Action),
		Argv: []string{
			a.Program, "step", "--plan", call.Plan.ID, "--index", strconv.Itoa(call.Index),
		},
		OnLine: func(line string) {
			var done, total int64
			if n, err := fmt.Sscanf(line, progressForm, &done, &total); n == 2 && err == nil {
				call.Report(done, total)
			}
		},
	})
	var exit *command.ExitError
	if errors.As(err, &exit) {
		if told := fault.FromOutput(exit.Result.Tail); told != nil {
			return told
		}
	}
	return err
}

// sandbox gives a step what its job needs: kairos-agent runs the hooks of the image, which are not
// ours to confine.
func sandbox(action lifecycle.ActionName) command.Sandbox {
	if action == lifecycle.Switch {
		return command.SandboxForeign
	}
	return command.SandboxOwn
}

// transcriptSuffix ends the names of transcripts.
const transcriptSuffix = ".log"

// stepName names an attempt of a step: its unit and its transcript.
func stepName(p lifecycle.Plan, index, attempt int) string {
	return fmt.Sprintf("%s-%s-%d-%d", p.Steps[index].Action, p.ID, index, attempt)
}

const progressForm = "stylet-progress: %d %d"

// ProgressLine is how a step tells its progress to the agent.
func ProgressLine(done, total int64) string { return fmt.Sprintf(progressForm, done, total) }
