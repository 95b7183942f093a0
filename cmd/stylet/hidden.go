package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/agent"
	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/agent/setup"
	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/kairos"
)

// newStepCommand makes `stylet step`, which the agent starts in a unit of its own.
func newStepCommand() *cobra.Command {
	plan, index := "", 0
	cmd := &cobra.Command{
		Use: "step", Short: "Carry out one step of the plan (started by the agent)", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := settings.Load(os.Getenv)
			if err != nil {
				return err
			}
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("finding the running binary: %w", err)
			}
			step := agent.Step{Settings: s, Runner: command.Local{}, Program: program, Out: cmd.OutOrStdout()}
			if err := step.Run(cmd.Context(), plan, index); err != nil {
				// For people, whole, and then, last of all, for the agent.
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "stylet: %s\n%s\n", fault.Text(err), fault.Line(err))
				return fault.Exit(fault.ExitCodeOf(err))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&plan, "plan", "", "ID of the plan")
	cmd.Flags().IntVar(&index, "index", 0, "index of the step")
	return cmd
}

// newSetupCommand makes `stylet setup`, with which images are built.
func newSetupCommand() *cobra.Command {
	root := ""
	cmd := &cobra.Command{
		Use: "setup", Short: "Write stylet, its units and links into a root file system", Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("finding the running binary: %w", err)
			}
			return setup.Install(root, program)
		},
	}
	cmd.Flags().StringVar(&root, "root", "", "the root file system")
	_ = cmd.MarkFlagRequired("root")
	return cmd
}

// newBootCommand makes `stylet boot`, which Kairos' stages and our own unit call.
func newBootCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "boot", Short: "Keep the boot loader's files", Hidden: true}
	cmd.AddCommand(
		&cobra.Command{
			Use: "prepare", Short: "Put stylet's boot files on COS_STATE (after install and reset)", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return kairos.PrepareBoot(cmd.Context(), command.Local{}, "")
			},
		},
		&cobra.Command{
			Use: "ok", Short: "Tell the boot loader that user space was reached", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				s, err := settings.Load(os.Getenv)
				if err != nil {
					return err
				}
				return kairos.Host{Runner: command.Local{}, StateDir: s.BootDir, OEMDir: s.UserDataDir}.Reported(cmd.Context())
			},
		},
		&cobra.Command{
			Use: "site", Short: "Lay the site's properties over a live or recovery system", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return agent.LiveSite(cmd.Context(), "/") },
		},
	)
	return cmd
}

// newTrialCommand makes `stylet trial`, which the deadline timer calls.
func newTrialCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "trial", Short: "End a trial", Hidden: true}
	cmd.AddCommand(&cobra.Command{
		Use: "expire", Short: "Go back: the revision on trial was not committed in time", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := settings.Load(os.Getenv)
			if err != nil {
				return err
			}
			return agent.Expire(cmd.Context(), s, command.Local{})
		},
	})
	return cmd
}

// newClockCommand makes `stylet clock`, which the agent starts in a unit of its own.
func newClockCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "clock", Short: "Keep the clock", Hidden: true}
	cmd.AddCommand(&cobra.Command{
		Use: "set TIME", Short: "Set the clock forward to a time that a trusted server told", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			hint, err := time.Parse(time.RFC3339, args[0])
			if err != nil {
				return fault.Wrap(err, fault.Usage, "usage", "write it as RFC 3339 has it", "reading the time")
			}
			return agent.SetClock(hint)
		},
	})
	return cmd
}
