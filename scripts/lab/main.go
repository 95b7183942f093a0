// Command lab runs the proofs that need a whole machine, and the demo. `make smoke`, `make e2e`
// and `make demo` call it; run by hand it can resume: go run ./scripts/lab e2e --from v3
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "lab",
		Short:         "Machines, proofs and the demo",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	cmd.AddCommand(newE2ECommand(), newSiteCommand(), newDemoCommand(), newSmokeCommand(), newMediaCommand(), newKillCommand(), newRelayCommand())
	return cmd
}
