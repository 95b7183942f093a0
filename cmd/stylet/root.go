package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

const rootHelp = `stylet turns a bare edge device into a node of its site, and keeps it one.

It boots from an ISO, probes the hardware, installs the disk, fetches the site's
profile, composes an immutable image out of the profile's layers, switches to
it, proves that it is healthy, and does the same again at every upgrade. What
does not prove itself is undone by the host alone.

On a host:        stylet status, plan, events, retry, apply, check network
At a desk:        stylet init, validate, config show, profile push, profile show, iso build
On new hardware:  stylet probe, install`

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "stylet",
		Short:         "On-device agent and installer for edge Kubernetes",
		Long:          rootHelp + "\n\n" + exitCodeHelp(),
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(err, cmd.CommandPath())
	})
	root.AddCommand(
		newStatusCommand(), newPlanCommand(), newEventsCommand(), newRetryCommand(), newApplyCommand(),
		newProbeCommand(), newCheckCommand(), newInstallCommand(), newValidateCommand(), newConfigCommand(), newInitCommand(),
		newProfileCommand(), newISOCommand(),
		newAgentCommand(), newConsoleCommand(), newVersionCommand(),
		newStepCommand(), newSetupCommand(), newBootCommand(), newTrialCommand(), newClockCommand(), newDocsCommand(),
	)
	checkArguments(root)
	return root
}

// checkArguments makes wrong arguments of every command a usage error with the same text.
func checkArguments(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError(err, cmd.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		checkArguments(sub)
	}
}

func usageError(err error, path string) error {
	return fault.Wrap(err, fault.Usage, "usage", fmt.Sprintf("see `%s --help`", path), "%s", path)
}

func exitCodeHelp() string {
	var b strings.Builder
	b.WriteString("Exit status of all verbs:")
	for _, row := range fault.ExitCodes() {
		fmt.Fprintf(&b, "\n  %2d  %s", row.Code, row.Meaning)
	}
	return b.String()
}
