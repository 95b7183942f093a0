package agent

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/agent/setup"
	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
)

// Step carries out one step of the plan in the journal: what `stylet step` does in its own unit.
// It reads the journal and never writes it.
type Step struct {
	Settings settings.Settings
	Runner   command.Runner
	Program  string
	// Out receives progress lines for the agent.
	Out io.Writer
}

// Run carries out the step with the given index of the plan with the given ID.
func (s Step) Run(ctx context.Context, planID string, index int) error {
	state, err := durable.Open(s.Settings.StateDir)
	if err != nil {
		return err
	}
	defer state.Close()
	var j lifecycle.Journal
	if err := state.ReadJSON(lifecycle.JournalFile, &j); err != nil {
		return err
	}
	if j.Plan == nil || j.Plan.ID != planID || index != j.Step || j.Intent == nil {
		return fault.New(fault.Retry, "step.stale", "steps are started by the agent; see `stylet plan`",
			"step %d of the plan %s is not what the journal is about to do", index, planID)
	}
	deps, err := s.deps(state)
	if err != nil {
		return err
	}
	bootID, err := bootID()
	if err != nil {
		return err
	}
	return actions.Privileged(deps).Run(ctx, lifecycle.Call{
		Plan: *j.Plan, Index: index, Step: j.Plan.Steps[index], Attempt: j.Intent.Attempt,
		StartedBoot: j.Intent.BootID, BootID: bootID, Report: progressPrinter(s.Out),
	})
}

func (s Step) deps(state *durable.Root) (actions.Deps, error) {
	store, err := content.OpenStore(state)
	if err != nil {
		return actions.Deps{}, err
	}
	self, err := newAssignment(s.Settings, s.Program, state)
	if err != nil {
		return actions.Deps{}, err
	}
	return actions.Deps{
		State: state, Content: store, Host: kairosHost(s.Settings, s.Runner), Runner: s.Runner,
		SetUp:       func(root string) error { return setup.Install(root, s.Program) },
		EndDeadline: func(ctx context.Context) { endDeadline(ctx, s.Runner) },
		AgentBytes:  self.selfBytes,
		Announce: func(line string) {
			if err := logToKernel(kernelLog, line); err != nil {
				_, _ = fmt.Fprintln(s.Out, err) // the step's transcript
			}
		},
	}, nil
}

// kairosHost is the host as the settings place it.
func kairosHost(s settings.Settings, runner command.Runner) kairos.Host {
	return kairos.Host{
		Runner: runner, StateDir: s.BootDir, OEMDir: s.UserDataDir, TranscriptDir: s.StateDir + "/transcripts",
	}
}

// progressPrinter prints progress at most once a second.
func progressPrinter(out io.Writer) func(done, total int64) {
	var mu sync.Mutex
	var last time.Time
	return func(done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Sub(last) >= time.Second || done == total {
			last = now
			_, _ = fmt.Fprintln(out, actions.ProgressLine(done, total))
		}
	}
}
