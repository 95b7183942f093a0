package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/version"
	"github.com/stylet-edge/stylet/internal/hardware"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const probeHelp = `Measure this machine and hold it against what stylet needs.

The first line is the verdict. Then comes the main drive (the one that an
installation would take) and a line for each check. Checks that did not pass say
what was wanted, why it matters, and what to do. Nothing is changed.

The settings of the site are taken from the user-data: stylet.install.device
names the main drive, stylet.probe.overrides turns a failure into a warning, on
purpose and with a reason. Without --user-data the user-data of this host is
read, from the boot medium and from /oem.

Exit status: 0 everything passes, 1 there are warnings, 2 a check failed and an
installation would be refused.`

const probeExample = `  # is this machine good enough?
  stylet probe

  # with the settings of a site, for a program
  stylet probe --user-data site.yaml -o json

  # what is required at all?
  stylet probe --requirements

  # which drives are there, and which one would be used?
  stylet probe -o json | jq '.mainDrive'`

// probeFlags are the flags of `stylet probe`.
type probeFlags struct {
	output   *formFlag
	root     string
	userData []string
	rules    bool
}

// newProbeCommand makes `stylet probe`.
func newProbeCommand() *cobra.Command {
	flags := probeFlags{output: newFormFlag("table", "json")}
	cmd := &cobra.Command{
		Use:     "probe [-o table|json] [--root DIR] [--user-data FILE]... | --requirements",
		Short:   "Measure this machine and say whether it is good enough",
		Long:    probeHelp,
		Example: probeExample,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runProbe(cmd, flags) },
	}
	cmd.Flags().VarP(flags.output, "output", "o", "form of the answer")
	cmd.Flags().StringVar(&flags.root, "root", "/", "read the proc, sys and run trees of another machine from `DIR`")
	cmd.Flags().StringArrayVar(&flags.userData, "user-data", nil, "user-data `FILE` or directory with the settings of the site; repeatable")
	cmd.Flags().BoolVar(&flags.rules, "requirements", false, "print what is required, and measure nothing")
	return cmd
}

func runProbe(cmd *cobra.Command, flags probeFlags) error {
	if flags.rules {
		return writeRequirements(cmd, flags.output.String())
	}
	settings, err := probeSettings(flags)
	if err != nil {
		return err
	}
	facts, err := hardware.Collect(cmd.Context(), hardware.Options{Root: flags.root, Runner: command.Local{}})
	if err != nil {
		return fault.Wrap(err, fault.Input, "probe.unreadable", "name a directory that holds the proc, sys and run trees of a machine", "measuring the machine")
	}
	report := hardware.Judge(facts, settings, version.Released())
	if err := writeReport(cmd, report, flags.output.String()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	switch report.Verdict() {
	case hardware.Fail:
		return fault.Exit(fault.ExitNotFine)
	case hardware.Warn:
		return fault.Exit(fault.ExitWarn)
	case hardware.Pass:
	}
	return nil
}

// probeSettings reads the user-data that was named, or else that of the host itself.
func probeSettings(flags probeFlags) (v1alpha1.Site, error) {
	if len(flags.userData) == 0 && flags.root != "/" {
		return v1alpha1.Site{}, nil
	}
	read, err := readSite(flags.userData, flags.root)
	return read.Site, err
}

func writeRequirements(cmd *cobra.Command, form string) error {
	if form == "table" {
		return hardware.WriteRequirements(cmd.OutOrStdout())
	}
	return writeJSON(cmd.OutOrStdout(), hardware.Requirements())
}

func writeReport(cmd *cobra.Command, report hardware.Report, form string) error {
	if form == "table" {
		return report.WriteTable(cmd.OutOrStdout())
	}
	return writeJSON(cmd.OutOrStdout(), report)
}
