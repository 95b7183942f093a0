package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/site"
)

const initSiteHelp = `Write user-data to start from: every key, with what it does and its default, in
comments. The few that most sites need are filled in with examples.

It goes to the standard output, or to a file that does not exist yet.`

// newInitCommand makes `stylet init`.
func newInitCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "init", Short: "Write files to start from", Args: cobra.NoArgs, Long: "Write files to start from.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newInitSiteCommand())
	return cmd
}

func newInitSiteCommand() *cobra.Command {
	schema := false
	cmd := &cobra.Command{
		Use:     "site [FILE] [--schema]",
		Short:   "Write user-data to start from, or its JSON schema for an editor",
		Long:    initSiteHelp,
		Example: "  stylet init site user-data.yaml && stylet validate user-data.yaml\n\n  # completion and checks while typing (yaml-language-server)\n  stylet init site --schema user-data.schema.json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := site.Starter()
			if schema {
				var err error
				if text, err = site.Schema(); err != nil {
					return err
				}
			}
			if len(args) == 0 {
				_, err := cmd.OutOrStdout().Write(text)
				return err
			}
			return writeNew(args[0], text)
		},
	}
	cmd.Flags().BoolVar(&schema, "schema", false, "write the JSON schema instead")
	return cmd
}

// writeNew never overwrites: what a person wrote is not ours to lose.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fault.New(fault.Input, "init.exists", "name another file, or move this one away", "%s exists already", path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
