package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newDocsCommand makes `stylet docs`, with which a build writes the man pages.
func newDocsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "docs DIR", Short: "Write the man pages into a directory", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("making the directory: %w", err)
			}
			return doc.GenManTree(cmd.Root(), &doc.GenManHeader{Title: "STYLET", Section: "1", Source: "stylet"}, args[0])
		},
	}
}
