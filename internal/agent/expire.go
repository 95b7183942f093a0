package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Expire ends the trial of this boot at its deadline without the agent, which may be what does not
// work: it leaves the verdict for the next agent, tells the boot loader, and reboots. It does
// nothing when the trial that this boot began with is over, even if another one is armed by now.
func Expire(ctx context.Context, s settings.Settings, runner command.Runner) error {
	return expire(ctx, s, kairosHost(s, runner), kernelLog)
}

func expire(ctx context.Context, s settings.Settings, host kairos.Host, log string) error {
	id, err := host.BootedTrial()
	if err != nil || id == "" {
		return err
	}
	slot, err := host.Slot()
	if err != nil || slot != v1alpha1.SlotActive {
		return err // a trial runs from active; passive is what one goes back to
	}
	// Going back matters more than saying why: a trial may also be what cannot write any more.
	var untold error
	expired, err := host.Expire(ctx, id, func(env kairos.BootEnv) { untold = leaveVerdict(s.StateDir, log, env) })
	if err != nil || !expired {
		return errors.Join(err, untold)
	}
	if _, err := host.Runner.Run(ctx, command.Spec{Name: "reboot", Argv: []string{"systemctl", "reboot"}}); err != nil {
		return errors.Join(fmt.Errorf("asking for a reboot: %w", err), untold)
	}
	return untold
}

// endDeadline stops the timer of this boot's trial, which is committed. One that could not be stopped
// does nothing: it ends no trial but its own.
func endDeadline(ctx context.Context, runner command.Runner) {
	_, _ = runner.Run(ctx, command.Spec{Name: "stop-deadline", Argv: []string{"systemctl", "stop", "stylet-trial.timer"}})
}

// leaveVerdict writes why the host goes back where the next agent looks for it, and says it on the
// console.
func leaveVerdict(stateDir, log string, env kairos.BootEnv) error {
	state, err := durable.Open(stateDir)
	if err != nil {
		return fmt.Errorf("leaving the verdict of the deadline: %w", err)
	}
	defer state.Close()
	bootID, err := bootID()
	if err != nil {
		return err
	}
	var j lifecycle.Journal
	if err := state.ReadJSON(lifecycle.JournalFile, &j); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("leaving the verdict of the deadline: %w", err)
	}
	if j.Trial == nil || j.Trial.ID() != env.Trial {
		return nil // a trial that no journal knows: the boot loader goes back all the same
	}
	verdict := lifecycle.Failure{
		Revision: j.Trial.Target.Revision.ID(), Code: lifecycle.CodeDeadline, Tries: max(env.Try, 1),
		BootID: bootID,
		Cause:  fmt.Sprintf("not committed within %s of its boot", lifecycle.Deadline(j.Trial.Target)),
	}
	return errors.Join(state.WriteJSON(lifecycle.VerdictFile, verdict), logToKernel(log, verdict.Announcement()))
}
