package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/lab/host"
	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/internal/lab/road"
)

const e2eHelp = `The whole life of a host in a virtual machine: installed from the ISO, switched to
a profile, upgraded, sent back by three kinds of bad upgrades, through power cuts.

Each phase is kept as a layer of the disk, so a run can go on from any of them. With
--firmware bios the machine has no UEFI; the road is the same.
Artefacts (serial logs, checkpoints, events, timings) are in --dir.`

// lastWords is how many lines of the console a failure shows.
const lastWords = 60

func newE2ECommand() *cobra.Command {
	var s phase.Selection
	o := runOptions{}
	cmd := &cobra.Command{
		Use:     "e2e [--from PHASE | --only PHASE] [--until PHASE] [--firmware uefi|bios]",
		Short:   "The whole road of a host, with every way back",
		Long:    e2eHelp,
		Example: "  lab e2e\n  lab e2e --from v3\n  lab e2e --only reinstall\n  lab e2e --firmware bios --until v1",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), s, (*road.Road).Whole, nil)
		},
	}
	o.addFlags(cmd, "e2e")
	o.addSelection(cmd, &s)
	o.addFirmware(cmd, qemu.UEFI)
	return cmd
}

// runOptions are what every run on a machine needs.
type runOptions struct {
	repo, dir string
	anyInputs bool
	kvm       bool
	prebuilt  bool
	firmware  string
	site      bool
}

func (o *runOptions) addFirmware(cmd *cobra.Command, usual qemu.Firmware) {
	cmd.Flags().StringVar(&o.firmware, "firmware", string(usual), "what starts the machine, `uefi or bios`")
}

func (o *runOptions) addSelection(cmd *cobra.Command, s *phase.Selection) {
	cmd.Flags().StringVar(&s.From, "from", "", "begin with `PHASE`, on what the phase before it left in an earlier run")
	cmd.Flags().StringVar(&s.Only, "only", "", "run `PHASE` alone, on what the phase before it left in an earlier run")
	cmd.Flags().StringVar(&s.Until, "until", "", "end with `PHASE`")
	cmd.Flags().BoolVar(&o.anyInputs, "any-inputs", false, "resume although binary, images or profiles have changed since")
}

func (o *runOptions) addFlags(cmd *cobra.Command, name string) {
	dir := filepath.Join("dist", name)
	if given := os.Getenv("STYLET_ARTEFACTS"); given != "" {
		dir = filepath.Join(given, name)
	}
	cmd.Flags().StringVar(&o.repo, "repo", ".", "the checkout")
	cmd.Flags().BoolVar(&o.prebuilt, "prebuilt", false, "take layers and installer as an earlier run left them")
	cmd.Flags().StringVar(&o.dir, "dir", dir, "where artefacts and kept states go (default below $STYLET_ARTEFACTS if that is set)")
}

// run builds what is needed and walks the phases; after, if given, goes on with the running machine.
func (o *runOptions) run(
	ctx context.Context, out io.Writer, s phase.Selection,
	phases func(*road.Road) []phase.Phase, after func(context.Context, *road.Road) error,
) error {
	repo, err := filepath.Abs(o.repo)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	firmware := qemu.Firmware(o.firmware)
	if firmware != qemu.UEFI && firmware != qemu.BIOS {
		return fmt.Errorf("--firmware %s: use uefi or bios", o.firmware)
	}
	report := phase.NewReporter(out)
	defer report.Close()
	began := time.Now()
	inputs := road.Inputs{Repo: repo, Dir: filepath.Join(dir, "inputs"), Prebuilt: o.prebuilt}
	if err := inputs.Build(ctx, report); err != nil {
		return err
	}
	built := time.Since(began)
	program, err := os.Executable()
	if err != nil {
		return err
	}
	r, err := road.Open(ctx, road.Options{
		Inputs: inputs, Dir: dir, Report: report, Relay: program + " relay", KVM: o.kvm, AnyInputs: o.anyInputs,
		Firmware: firmware, Site: o.site, Fresh: s.From == "" && s.Only == "",
	})
	if err != nil {
		return err
	}
	defer r.Close()
	timings, err := phase.Run(ctx, phases(r), s, r, report)
	if err == nil && after != nil {
		err = after(ctx, r)
	}
	return conclude(out, dir, r.Host(), append(buildTiming(built), timings...), err)
}

func buildTiming(built time.Duration) []phase.Timing {
	return []phase.Timing{{Phase: "build", Shows: "layers, profiles and installer are built, or taken from the cache", Elapsed: built.Seconds(), Result: phase.Passed}}
}

// conclude writes the timings and, after a failure, what helps to understand it.
func conclude(out io.Writer, dir string, machine *host.Host, timings []phase.Timing, failure error) error {
	fmt.Fprintln(out)
	phase.Table(out, timings)
	data, err := json.MarshalIndent(timings, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "timings.json"), append(data, '\n'), 0o644)
	}
	if failure == nil {
		fmt.Fprintf(out, "artefacts: %s\n", dir)
		return err
	}
	fmt.Fprintf(out, "\nthe console's last lines:\n%s\n\n", indent(machine.LastWords(lastWords)))
	fmt.Fprintf(out, "artefacts: %s (serial/ has the log of each boot)\n", dir)
	return failure
}

func indent(text string) string { return "  | " + strings.ReplaceAll(text, "\n", "\n  | ") }
