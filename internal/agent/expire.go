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
)

// Expire ends a trial at its deadline without the agent, which may be what does not work: it
// leaves the verdict for the next agent, tells the boot loader, and reboots. It does nothing when
// no trial is on, for instance because it was committed in the last second.
func Expire(ctx context.Context, s settings.Settings, runner command.Runner) error {
	host := kairosHost(s, runner)
	env, err := host.Env()
	if err != nil {
		return err
	}
	if env.Trial == "" {
		return nil
	}
	state, err := durable.Open(s.StateDir)
	if err != nil {
		return err
	}
	defer state.Close()
	bootID, err := bootID()
	if err != nil {
		return err
	}
	if err := leaveVerdict(state, bootID, env); err != nil {
		return err
	}
	if err := host.FallBack(ctx); err != nil {
		return err
	}
	if _, err := runner.Run(ctx, command.Spec{Name: "reboot", Argv: []string{"systemctl", "reboot"}}); err != nil {
		return fmt.Errorf("asking for a reboot: %w", err)
	}
	return nil
}

func leaveVerdict(state *durable.Root, bootID string, env kairos.BootEnv) error {
	var j lifecycle.Journal
	if err := state.ReadJSON(lifecycle.JournalFile, &j); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if j.Trial == nil || j.Trial.ID() != env.Trial {
		return nil // a trial that no journal knows: the boot loader goes back all the same
	}
	return state.WriteJSON(lifecycle.VerdictFile, lifecycle.Failure{
		Revision: j.Trial.Target.Revision.ID(), Code: lifecycle.CodeDeadline, Tries: max(env.Try, 1),
		BootID: bootID,
		Cause:  fmt.Sprintf("not committed within %s of its boot", lifecycle.Deadline(j.Trial.Target)),
	})
}
