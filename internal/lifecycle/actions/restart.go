package actions

import (
	"context"
	"fmt"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/lifecycle"
)

type restart struct{ runner command.Runner }

// Done tells whether the host was started anew since the intent was written.
func (a restart) Done(_ context.Context, call lifecycle.Call) (bool, error) {
	return call.StartedBoot != call.BootID, nil
}

func (a restart) Do(ctx context.Context, _ lifecycle.Call) error {
	if _, err := a.runner.Run(ctx, command.Spec{Name: "reboot", Argv: []string{"systemctl", "reboot"}}); err != nil {
		return fmt.Errorf("asking for a reboot: %w", err)
	}
	return nil
}
