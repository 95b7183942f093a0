package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/lab/media"
	"github.com/stylet-edge/stylet/internal/lab/phase"
)

const mediaHelp = `An installer's ISO starts in every way in which a person may offer it: as a CD and as
a USB stick, by UEFI and by BIOS, each until its live system is mounted. Nothing is
installed: the machines have no disk. Takes about seven minutes where they are
emulated.`

// newMediaCommand makes `lab media`.
func newMediaCommand() *cobra.Command {
	iso, dir := "", ""
	cmd := &cobra.Command{
		Use: "media [--iso FILE]", Short: "The ISO starts as CD and as stick, by UEFI and by BIOS", Long: mediaHelp, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			report := phase.NewReporter(cmd.OutOrStdout())
			defer report.Close()
			return media.Start(cmd.Context(), media.Config{ISO: iso, Dir: dir, Report: report})
		},
	}
	cmd.Flags().StringVar(&iso, "iso", filepath.Join("dist", "installer.iso"), "the ISO `FILE`, as `make iso` writes it")
	cmd.Flags().StringVar(&dir, "dir", filepath.Join("dist", "media"), "where serial logs go")
	return cmd
}
