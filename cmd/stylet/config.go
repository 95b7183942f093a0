package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const configShowHelp = `Show the user-data that counts on this host: all files merged, old names replaced
by the new ones, secrets left out. Without --user-data the user-data of this host
is read, from the boot medium, /oem and /run/stylet/user-data; a later one wins.
config_url is not followed: the installation and ` + "`stylet apply`" + ` do that.

With --origin each value is followed by the file, line and column where it stands.
With --all the keys of Kairos are shown too. What is written into files, and what is
named like a password, a token or a key, is left out; what commands say is not.
Warnings about keys without effect go to the standard error.

Exit status: 0 the user-data is right, 65 it is not, and nothing of it is used.`

// newConfigCommand makes `stylet config`.
func newConfigCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Look at the configuration of a host", Args: cobra.NoArgs,
		Long: "Look at the configuration of a host.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigShowCommand())
	return cmd
}

func newConfigShowCommand() *cobra.Command {
	output := newFormFlag("yaml", "json")
	var files []string
	origin, all := false, false
	cmd := &cobra.Command{
		Use:     "show [--origin] [--all] [--user-data FILE]... [-o yaml|json]",
		Short:   "Show the user-data that counts, and where each value stands",
		Long:    configShowHelp,
		Example: "  stylet config show --origin\n\n  # what would a host make of these two files?\n  stylet config show --user-data common.yaml --user-data store-7.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			read, err := readSite(files, "/")
			if all {
				read, err = readAll(cmd.Context(), files)
			}
			if err != nil {
				return err
			}
			for _, warning := range read.Warnings {
				cmd.PrintErrln(warning)
			}
			if output.String() == "json" {
				return writeJSON(cmd.OutOrStdout(), shownConfig{read.Site, read.Origins.Ours()})
			}
			text, err := read.Show(origin, all)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s", text)
			return err
		},
	}
	cmd.Flags().VarP(output, "output", "o", "form of the answer; json always has the origins")
	cmd.Flags().BoolVar(&origin, "origin", false, "say where each value stands")
	cmd.Flags().BoolVar(&all, "all", false, "show the keys of Kairos too (not with -o json)")
	cmd.Flags().StringArrayVar(&files, "user-data", nil, "user-data `FILE` or directory instead of this host's; repeatable")
	return cmd
}

// shownConfig is the JSON form.
type shownConfig struct {
	Stylet  v1alpha1.Site `json:"stylet"`
	Origins site.Origins  `json:"origins"`
}

// readSite reads the files that were named, or else our keys of the host whose root it is.
func readSite(files []string, root string) (site.Reading, error) {
	if len(files) > 0 {
		return site.Load(files...)
	}
	return site.LoadHost(root)
}

// readAll reads the keys of Kairos too.
func readAll(ctx context.Context, files []string) (site.Reading, error) {
	if len(files) > 0 {
		return site.Load(files...)
	}
	return site.Read(ctx, site.HostSources("/"), nil)
}
