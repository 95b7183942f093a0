package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/internal/lab/road"
	"github.com/stylet-edge/stylet/internal/lab/smoke"
)

const smokeHelp = `The images boot: a disk is written at native speed with an image composed from the
layers and booted once, then once more with an image on trial whose kernel panics,
which must end in the good one.`

func newSmokeCommand() *cobra.Command {
	o := runOptions{}
	update := false
	cmd := &cobra.Command{
		Use:   "smoke",
		Short: "One boot of the composed image, and one way back, in minutes",
		Long:  smokeHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return o.smoke(cmd.Context(), update, cmd.OutOrStdout()) },
	}
	o.addFlags(cmd, "smoke")
	cmd.Flags().BoolVar(&update, "update", false, "make the pictures of the console in docs/ anew, and do not compare")
	return cmd
}

func (o *runOptions) smoke(ctx context.Context, update bool, out io.Writer) error {
	repo, err := filepath.Abs(o.repo)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	report := phase.NewReporter(out)
	defer report.Close()
	began := time.Now()
	inputs := road.Inputs{Repo: repo, Dir: filepath.Join(dir, "inputs"), Prebuilt: o.prebuilt}
	if err := inputs.BuildLayers(ctx, report); err != nil {
		return err
	}
	built := time.Since(began)
	s, err := smoke.New(inputs, dir, update, report)
	if err != nil {
		return err
	}
	defer s.Close()
	timings, err := phase.Run(ctx, s.Phases(), phase.Selection{}, s, report)
	return conclude(out, dir, s.Host(), append(buildTiming(built), timings...), err)
}
